import { spawnSync } from 'node:child_process';

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const SAMPLE_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*/;

class Reader {
  #at = 0;
  constructor(private readonly line: string) {}

  take(pattern: RegExp): string {
    const found = pattern.exec(this.line.slice(this.#at));
    if (found === null || found.index !== 0)
      throw new Error(`expected ${pattern} at ${this.#at} of ${JSON.stringify(this.line)}`);
    this.#at += found[0].length;
    return found[0];
  }

  has(text: string): boolean {
    if (!this.line.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  /** A label's value behind its opening quote, up to and with the closing one. */
  quoted(): string {
    let value = '';
    for (; this.line[this.#at] !== '"'; this.#at++) {
      if (this.#at >= this.line.length) throw new Error(`a value without its end in ${JSON.stringify(this.line)}`);
      if (this.line[this.#at] !== '\\') {
        value += this.line[this.#at];
        continue;
      }
      const meant = { '\\': '\\', '"': '"', n: '\n' }[this.line[++this.#at] ?? ''];
      if (meant === undefined) throw new Error(`an unknown escape in ${JSON.stringify(this.line)}`);
      value += meant;
    }
    this.#at++;
    return value;
  }

  end(): void {
    if (this.#at !== this.line.length) throw new Error(`more than expected in ${JSON.stringify(this.line)}`);
  }
}

function readLabels(reader: Reader): Record<string, string> {
  const labels: Record<string, string> = {};
  if (!reader.has('{')) return labels;
  for (;;) {
    const name = reader.take(LABEL_NAME);
    reader.take(/="/);
    if (Object.hasOwn(labels, name)) throw new Error(`the label ${name} twice`);
    labels[name] = reader.quoted();
    if (reader.has('}')) return labels;
    reader.take(/,/);
  }
}

function readNumber(text: string): number {
  if (text === '+Inf') return Infinity;
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
}

function readSample(line: string): Sample {
  const reader = new Reader(line);
  const name = reader.take(SAMPLE_NAME);
  const labels = readLabels(reader);
  reader.take(/ /);
  const value = readNumber(reader.take(/\S+/));
  reader.end();
  return { name, labels, value };
}

function unescapeHelp(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

/** Reads Prometheus text 0.0.4, and takes nothing that the format does not allow. */
export function parsePrometheusText(text: string): Family[] {
  const families: Family[] = [];
  if (text === '') return families;
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const seen = new Set<string>();
  let help: { name: string; text: string } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const helpLine = /^# HELP (\S+) (.*)$/.exec(line);
    const typeLine = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (helpLine) {
      help = { name: helpLine[1], text: unescapeHelp(helpLine[2]) };
    } else if (typeLine) {
      const name = typeLine[1];
      if (help?.name !== name) throw new Error(`the type of ${name} does not follow its help`);
      if (families.some((family) => family.name === name)) throw new Error(`${name} in two groups`);
      families.push({ name, help: help.text, type: typeLine[2], samples: [] });
    } else {
      const sample = readSample(line);
      const family = families.at(-1);
      const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (family === undefined || !suffixes.some((suffix) => sample.name === family.name + suffix))
        throw new Error(`${sample.name} in a foreign group`);
      const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      if (seen.has(identity)) throw new Error(`twice: ${identity}`);
      seen.add(identity);
      family.samples.push(sample);
    }
  }
  for (const family of families) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

function checkHistogram({ name, samples }: Family): void {
  const series = new Map<string, { les: number[]; counts: number[]; count?: number; sum?: number }>();
  for (const sample of samples) {
    const { le, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    const entry = series.get(key) ?? { les: [], counts: [] };
    series.set(key, entry);
    if (sample.name === `${name}_bucket`) {
      entry.les.push(readNumber(le));
      entry.counts.push(sample.value);
    } else if (sample.name === `${name}_sum`) entry.sum = sample.value;
    else entry.count = sample.value;
  }
  for (const [key, { les, counts, count, sum }] of series) {
    const rises = (values: number[], strictly: boolean): boolean =>
      values.every((value, i) => i === 0 || (strictly ? value > values[i - 1] : value >= values[i - 1]));
    if (!rises(les, true) || !rises(counts, false) || les.at(-1) !== Infinity) throw new Error(`buckets of ${name} ${key}`);
    if (count !== counts.at(-1) || sum === undefined) throw new Error(`count or sum of ${name} ${key}`);
  }
}

/** What promtool complains about, as far as it concerns what is written here (rules of its version 2.42). */
export function lintPrometheusText(text: string): string[] {
  const complaints: string[] = [];
  for (const { name, help, type, samples } of parsePrometheusText(text)) {
    const complain = (what: string): void => void complaints.push(`${name} ${what}`);
    if (help === '') complain('has no help');
    if ((type === 'counter') !== name.endsWith('_total')) complain('has the wrong one of _total and none');
    if (type !== 'histogram' && /_(bucket|count|sum)$/.test(name)) complain('looks like part of a histogram');
    if (/_(counter|gauge|histogram|summary)(_|$)/.test(name)) complain('names its type');
    if (name.includes(':')) complain('has a colon');
    if (/_(s|ms|us|ns|sec|b|kb|mb|gb|m|h|d)(_|$)/.test(name)) complain('shortens its unit');
    if (/milli|micro|nano|kilo|mega|minutes|hours|days/.test(name)) complain('has no base unit');
    for (const written of [name, ...samples.flatMap((sample) => Object.keys(sample.labels))]) {
      if (/[a-z][A-Z]/.test(written)) complain(`has camelCase in ${written}`);
    }
    if (type !== 'histogram' && samples.some((sample) => 'le' in sample.labels || 'quantile' in sample.labels))
      complain('has a reserved label');
  }
  return complaints;
}

/** Whether the machine has Prometheus' own tool. */
export const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

/** Asks the real tool. Out: what it said and its exit code; '' and 0 when it is content. */
export function runPromtool(text: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}
