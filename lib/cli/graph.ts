import type { ApplicationReport, ReportedModule } from '../application/inspect-application';
import type { Run } from './command';
import { inspectProgram } from './load-program';
import { explainMistakes } from './mistakes';
import { say, sayJson, tell } from './terminal';

/** `rockstar graph` */
export const run: Run = async (input, terminal) => {
  const report = await inspectProgram(terminal);
  const { root, modules, mistakes } = report;
  const format = input.flag('json') ? 'json' : (input.value('format') ?? 'text');
  if (format === 'json') sayJson(terminal, { root, modules, mistakes });
  else {
    say(terminal, format === 'mermaid' ? toMermaid(report) : toText(report));
    if (mistakes.length > 0) tell(terminal, `\n${explainMistakes(mistakes)}`);
  }
  return mistakes.length === 0 ? 0 : 1;
};

function titleOf({ name, plugin }: ReportedModule): string {
  return plugin === undefined ? name : `${plugin.name}@${plugin.version}`;
}

function titles({ modules }: ApplicationReport): (name: string) => string {
  const byName = new Map(modules.map((module) => [module.name, titleOf(module)]));
  return (name) => byName.get(name) ?? name;
}

/** Each module in the order of starting, with what it shares. */
export function toText(report: ApplicationReport): string {
  const titled = titles(report);
  return report.modules.map((module) => [headingOf(module), ...linesOf(module, titled)].join('\n')).join('\n\n');
}

function headingOf(module: ReportedModule): string {
  const { plugin, name } = module;
  if (plugin === undefined) return name;
  return `${titleOf(module)} (${name})${plugin.description === undefined ? '' : `: ${plugin.description}`}`;
}

function linesOf({ imports, controllers, providers, exports, uses }: ReportedModule, titled: (name: string) => string): string[] {
  const rows: [string, readonly string[]][] = [
    ['imports', imports.map(titled)],
    ['provides', providers],
    ['controls', controllers],
    ['exports', exports],
    ['uses', uses.map(({ module, key }) => `${key} of ${titled(module)}`)],
  ];
  return rows.filter(([, names]) => names.length > 0).map(([what, names]) => `  ${what.padEnd(9)} ${names.join(', ')}`);
}

/** An arrow for each import: with the names of what is used, or dotted when nothing is. */
export function toMermaid({ modules }: ApplicationReport): string {
  const ids = new Map(modules.map(({ name }, at) => [name, `m${at}`]));
  const nodes = modules.map((module) => {
    const [open, close] = module.plugin === undefined ? ['[', ']'] : ['([', '])'];
    return `  ${ids.get(module.name)}${open}"${escape(titleOf(module))}"${close}`;
  });
  const arrows = modules.flatMap((module) => {
    const used = groupByModule(module);
    const targets = new Set([...module.imports, ...used.keys()]);
    return [...targets].map((target) => {
      const keys = used.get(target);
      const arrow = keys === undefined ? '-.->' : `-->|"${escape(keys.join(', '))}"|`;
      return `  ${ids.get(module.name)} ${arrow} ${ids.get(target)}`;
    });
  });
  return ['graph LR', ...nodes, ...arrows].join('\n');
}

function groupByModule({ uses }: ReportedModule): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { module, key } of uses) grouped.set(module, [...(grouped.get(module) ?? []), key]);
  return grouped;
}

function escape(text: string): string {
  return text.replaceAll('"', '#quot;');
}
