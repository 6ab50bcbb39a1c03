import type { ApplicationReport, ReportedModule } from '../application/inspect-application';
import { othersBefore, titleOf } from './graph-as-text';

/**
 * Modules as boxes, plugins rounded, the services they offer as hexagons behind thick lines. An arrow for each import: with the
 * names of what is used, the range of a service, or dotted when nothing is used; a service that is missing stands by itself.
 */
export function toMermaid({ modules }: ApplicationReport): string {
  const drawing = new Drawing(modules);
  return ['graph LR', ...drawing.nodes(), ...drawing.arrows()].join('\n');
}

class Drawing {
  readonly #modules: readonly ReportedModule[];
  /** By the names of modules, by module and service with its version, and by the names of services that are missing. */
  readonly #ids = new Map<string, string>();

  constructor(modules: readonly ReportedModule[]) {
    this.#modules = modules;
    modules.forEach(({ name }, at) => this.#ids.set(name, `m${at}`));
  }

  nodes(): string[] {
    const modules = this.#modules.map((module) => {
      const [open, close] = module.plugin === undefined ? ['[', ']'] : ['([', '])'];
      return node(this.#id(module.name), open, titleOf(module), close);
    });
    const services = this.#modules.flatMap(({ name, plugin, services: offered }) =>
      offered.map(({ service, version }) =>
        node(this.#serviceId(name, `${plugin?.name}.${service}`, version), '{{', `${service} ${version}`, '}}'),
      ),
    );
    const missing = new Set(this.#modules.flatMap((it) => it.importedServices.flatMap((use) => (use.given ? [] : use.service))));
    return [...modules, ...services, ...[...missing].map((name) => node(this.#id(name, 'x'), '>', `${name}: missing`, ']'))];
  }

  arrows(): string[] {
    return this.#modules.flatMap((module) => [
      ...this.#offers(module),
      ...this.#imports(module),
      ...this.#services(module),
      ...othersBefore(module).map((name) => this.#arrow(module, '-.->|"after"|', this.#id(name))),
    ]);
  }

  #offers(module: ReportedModule): string[] {
    const { name, plugin, services } = module;
    return services.map(({ service, version }) =>
      this.#arrow(module, '===', this.#serviceId(name, `${plugin?.name}.${service}`, version)),
    );
  }

  #imports(module: ReportedModule): string[] {
    const used = groupByModule(module);
    return [...new Set([...module.imports, ...used.keys()])].map((target) => {
      const keys = used.get(target);
      return this.#arrow(module, keys === undefined ? '-.->' : `-->|"${escape(keys.join(', '))}"|`, this.#id(target));
    });
  }

  #services(module: ReportedModule): string[] {
    return module.importedServices.map(({ service, range, optional, given }) => {
      const label = `${range === '*' ? 'any version' : range}${optional ? ', optional' : ''}`;
      return given === undefined
        ? this.#arrow(module, `-.->|"${escape(label)}"|`, this.#id(service, 'x'))
        : this.#arrow(module, `-->|"${escape(label)}"|`, this.#serviceId(given.module, service, given.version));
    });
  }

  #arrow(from: ReportedModule, arrow: string, to: string): string {
    return `  ${this.#id(from.name)} ${arrow} ${to}`;
  }

  #serviceId(module: string, service: string, version: string): string {
    return this.#id(`${module} ${service}@${version}`, 's');
  }

  #id(name: string, kind = 'm'): string {
    const known = this.#ids.get(name) ?? `${kind}${this.#ids.size}`;
    this.#ids.set(name, known);
    return known;
  }
}

function node(id: string, open: string, text: string, close: string): string {
  return `  ${id}${open}"${escape(text)}"${close}`;
}

function groupByModule({ uses }: ReportedModule): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { module, key } of uses) grouped.set(module, [...(grouped.get(module) ?? []), key]);
  return grouped;
}

function escape(text: string): string {
  return text.replaceAll('"', '#quot;');
}
