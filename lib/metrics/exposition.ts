import { type Clock, systemClock } from '../lifetime/clock';
import type { BoundHistogram } from './bound-instruments';
import type { InstrumentDefinition } from './instrument-definition';
import { Histogram, type Instrument } from './instruments';
import { writtenUnit } from './metric-name';
import type { Metrics } from './metrics';

/** The content type of Prometheus text. */
export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** About 16 series of a histogram: well under a millisecond. */
const CHUNK_CHARACTERS = 16_384;
/** How long a scrape works before others have their turn. */
const SLICE_MS = 2;

const TEXT_TYPES = { counter: 'counter', upDownCounter: 'gauge', gauge: 'gauge', histogram: 'histogram' } as const;
const HELP_WORDS = { counter: 'Count', upDownCounter: 'Current count', gauge: 'Value', histogram: 'Distribution' } as const;

/** Escapes help text for Prometheus: backslash and newline. */
function escapeHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\r?\n|\r/g, '\\n');
}

function head({ kind, name, description, writtenName }: InstrumentDefinition): string {
  const help = description === undefined || description.trim() === '' ? `${HELP_WORDS[kind]} of ${name}.` : description;
  return `# HELP ${writtenName} ${escapeHelp(help)}\n# TYPE ${writtenName} ${TEXT_TYPES[kind]}\n`;
}

/** Scaling by a power of ten makes 0.30000000000000004 of 300; fifteen digits are what was meant. */
function scaled(value: number, scale: number): number {
  return scale === 1 ? value : Number((value * scale).toPrecision(15));
}

function braced(labels: string): string {
  return labels === '' ? '' : `{${labels}}`;
}

function histogramText(name: string, bucketEnds: readonly string[], series: BoundHistogram, scale: number): string {
  const { labels } = series.identity;
  const bucketStart = labels === '' ? `${name}_bucket{le="` : `${name}_bucket{${labels},le="`;
  let text = '';
  let upTo = 0;
  for (let at = 0; at < bucketEnds.length; at++) {
    upTo += series.counts[at];
    text += `${bucketStart}${bucketEnds[at]}${upTo}\n`;
  }
  const rest = braced(labels);
  return `${text}${name}_sum${rest} ${scaled(series.sum, scale)}\n${name}_count${rest} ${upTo}\n`;
}

function* histogramPieces(histogram: Histogram): Generator<string> {
  const { writtenName, kind, unit } = histogram.definition;
  const { scale } = writtenUnit(kind, unit);
  const bucketEnds = [...histogram.bounds.map((bound) => `${scaled(bound, scale)}"} `), '+Inf"} '];
  for (const series of histogram.series) yield histogramText(writtenName, bucketEnds, series, scale);
}

function* numberPieces(instrument: Exclude<Instrument, Histogram>): Generator<string> {
  const { writtenName, kind, unit } = instrument.definition;
  const { scale } = writtenUnit(kind, unit);
  for (const { identity, value } of instrument.series) {
    yield `${writtenName}${braced(identity.labels)} ${scaled(value, scale)}\n`;
  }
}

/** The text of one instrument by its series; nothing at all for one without. */
function* pieces(instrument: Instrument): Generator<string> {
  let started = false;
  for (const piece of instrument instanceof Histogram ? histogramPieces(instrument) : numberPieces(instrument)) {
    yield started ? piece : head(instrument.definition) + piece;
    started = true;
  }
}

/**
 * All metrics as Prometheus text (format 0.0.4), in chunks of some 16 KB that take less than a millisecond each.
 *
 * A series is read in one go: its buckets, sum and count belong together. `scrape` gathers the chunks without
 * keeping the process to itself.
 */
export function* exposition(metrics: Metrics): Generator<string> {
  let chunk = '';
  for (const instrument of metrics.instruments()) {
    for (const piece of pieces(instrument)) {
      chunk += piece;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      yield chunk;
      chunk = '';
    }
  }
  if (chunk !== '') yield chunk;
}

/**
 * All metrics as one Prometheus text in UTF-8. Lets requests have their turn every 2 ms.
 *
 * Bytes and no string: each chunk is encoded in its own slice, where 3 MB of text at once would hold up the loop.
 */
export async function scrape(metrics: Metrics, clock: Clock = systemClock): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sliceEndsMs = clock.now() + SLICE_MS;
  for (const chunk of exposition(metrics)) {
    chunks.push(Buffer.from(chunk));
    if (clock.now() < sliceEndsMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sliceEndsMs = clock.now() + SLICE_MS;
  }
  return Buffer.concat(chunks);
}
