import type { ApplicationReport, ReportedModule } from '../application/inspect-application';
import type { ReportedImport, ReportedService } from '../application/reported-services';

/** How a module is called by those who read of it: a plugin by what it calls itself. */
export function titleOf({ name, plugin }: ReportedModule): string {
  return plugin === undefined ? name : `${plugin.name}@${plugin.version}`;
}

/** Each module in the order of starting, with what it shares. */
export function toText({ modules }: ApplicationReport): string {
  const titles = new Map(modules.map((module) => [module.name, titleOf(module)]));
  const titled = (name: string): string => titles.get(name) ?? name;
  return modules.map((module) => [headingOf(module), ...linesOf(module, titled)].join('\n')).join('\n\n');
}

function headingOf(module: ReportedModule): string {
  const { plugin, name } = module;
  if (plugin === undefined) return name;
  return `${titleOf(module)} (${name})${plugin.description === undefined ? '' : `: ${plugin.description}`}`;
}

function linesOf(module: ReportedModule, titled: (name: string) => string): string[] {
  const { imports, controllers, providers, exports, uses, services, importedServices } = module;
  const rows: [string, readonly string[]][] = [
    ['imports', imports.length === 0 ? [] : [imports.map(titled).join(', ')]],
    ['provides', providers.length === 0 ? [] : [providers.join(', ')]],
    ['controls', controllers.length === 0 ? [] : [controllers.join(', ')]],
    ['exports', exports.length === 0 ? [] : [exports.join(', ')]],
    ['uses', uses.length === 0 ? [] : [uses.map(({ module: owner, key }) => `${key} of ${titled(owner)}`).join(', ')]],
    ['after', othersBefore(module).map(titled)],
    ['offers', services.map(offeredText)],
    ['asks for', importedServices.map((it) => importedText(it, titled))],
  ];
  return rows.flatMap(([what, lines]) => lines.map((line, at) => `  ${(at === 0 ? what : '').padEnd(9)} ${line}`));
}

/** What is started before a module although it neither imports it nor is given a service of it. */
export function othersBefore({ imports, importedServices, dependsOn }: ReportedModule): string[] {
  const known = new Set([...imports, ...importedServices.flatMap(({ given }) => given?.module ?? [])]);
  return dependsOn.filter((name) => !known.has(name));
}

function offeredText({ service, version, description }: ReportedService): string {
  return `${service} ${version}${description === undefined ? '' : `: ${description}`}`;
}

function importedText({ service, range, optional, given, missing }: ReportedImport, titled: (name: string) => string): string {
  const wanted = `${service}${range === '*' ? '' : ` ${range}`}${optional ? ', optional' : ''}`;
  return given === undefined ? `${wanted}: ${missing}` : `${wanted}: ${given.version} of ${titled(given.module)}`;
}
