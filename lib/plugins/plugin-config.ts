import { inspect } from 'node:util';
import type { FrameworkError, InputIssue } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { type ConcreteClass, defineSlot } from '../metadata/slot';
import { describe } from './describe';
import { pluginErrors } from './errors';
import { isClass } from './service-token';
import { listed } from './whereabouts';

/** Makes an instance of a configuration class of what was given, or says what is wrong with that. */
export type ConfigChecker = (
  schema: ConcreteClass,
  given: unknown,
) => { readonly ok: true; readonly value: object } | { readonly ok: false; readonly issues: readonly InputIssue[] };

/** Who is configured. */
export interface Configured {
  readonly label: string;
  /** `name@version`. */
  readonly title: string;
  readonly plugin: { readonly name: string; readonly config?: ConcreteClass } | undefined;
}

/** What a plugin is configured with. */
export interface ReadConfig {
  readonly value: object | undefined;
  readonly mistakes: readonly FrameworkError[];
}

type Given = Readonly<Record<string, unknown>>;

const REDACTED = '[secret]';
const secrets = defineSlot<ReadonlySet<string | symbol>>('secret-properties');
/** Of all classes: in a message about a nested one nobody knows its class. */
const secretNames = new Set<string | symbol>();

/** Keeps a property of a configuration class from being shown: in messages, logs, JSON and `console.log`. The code that has the configuration reads it as it is. */
export function Secret(): PropertyDecorator {
  return (prototype, name) => {
    secretNames.add(name);
    secrets.update(prototype, (known) => new Set(known).add(name));
  };
}

/** What the plugins of an application are configured with. */
export class PluginConfigs {
  readonly #given: Given;
  readonly #check: ConfigChecker;
  /** What was read stays: who runs with it has it already. */
  readonly #read: Map<ConcreteClass, Map<unknown, ReadConfig>>;

  /** In: by name, or by `name@version` for one version of several. */
  constructor(given: Given, check: ConfigChecker, read = new Map<ConcreteClass, Map<unknown, ReadConfig>>()) {
    this.#given = given;
    this.#check = check;
    this.#read = read;
  }

  /** The same, with more. */
  with(title: string, config: unknown): PluginConfigs {
    return new PluginConfigs({ ...this.#given, [title]: config }, this.#check, this.#read);
  }

  /** What a plugin is configured with; `undefined` for one that takes nothing. */
  read({ label, title, plugin }: Configured): ReadConfig {
    if (plugin === undefined) return { value: undefined, mistakes: [] };
    const given = Object.hasOwn(this.#given, title) ? this.#given[title] : this.#given[plugin.name];
    const schema: unknown = plugin.config;
    if (schema === undefined) {
      return {
        value: undefined,
        mistakes: given === undefined ? [] : [pluginErrors.CONFIG_UNEXPECTED({ plugin: title, module: label })],
      };
    }
    if (!isClass(schema)) return refused(pluginErrors.CONFIG_SCHEMA_INVALID({ plugin: title, got: describe(schema) }));
    const known = this.#read.get(schema as ConcreteClass)?.get(given);
    if (known !== undefined) return known;
    const read = this.#make(schema as ConcreteClass, given, { label, title, plugin });
    this.#keep(schema as ConcreteClass, given, read);
    return read;
  }

  /** What is given to plugins that are not there. */
  strangers(all: readonly Configured[]): FrameworkError[] {
    const names = new Set(all.flatMap(({ plugin, title }) => (plugin === undefined ? [] : [plugin.name, title])));
    return Object.keys(this.#given)
      .filter((name) => !names.has(name))
      .map((name) => {
        const near = nearNames(name, names).map((it) => `"${it}"`);
        const way = near.length === 0 ? 'Import that plugin, or leave it out.' : `Did you mean ${listed(near, 'or')}?`;
        return pluginErrors.CONFIG_UNKNOWN({ name, way });
      });
  }

  #keep(schema: ConcreteClass, given: unknown, read: ReadConfig): void {
    const known = this.#read.get(schema) ?? new Map<unknown, ReadConfig>();
    this.#read.set(schema, known.set(given, read));
  }

  #make(schema: ConcreteClass, given: unknown, { title, plugin }: Configured): ReadConfig {
    let checked: ReturnType<ConfigChecker>;
    try {
      checked = this.#check(schema, given ?? {});
    } catch (error) {
      const reason = error instanceof Error ? error.message : describe(error);
      return refused(pluginErrors.CONFIG_SCHEMA_FAILED({ plugin: title, schema: schema.name, reason }, { cause: error }));
    }
    if (checked.ok) return { value: guarded(checked.value), mistakes: [] };
    const problems = checked.issues.map((issue) => problemOf(issue, given));
    return refused(pluginErrors.CONFIG_INVALID({ plugin: title, problems: listed(problems), name: plugin?.name ?? title }));
  }
}

function refused(mistake: FrameworkError): ReadConfig {
  return { value: undefined, mistakes: [mistake] };
}

/** A message may have the value in it. */
function problemOf({ path, message }: InputIssue, given: unknown): string {
  const steps = path.split('.');
  const text = message.includes(steps[0]) || path === '' ? message : `${path}: ${message}`;
  if (!steps.some((name) => secretNames.has(name))) return text;
  return textsIn(valueAt(given, steps)).reduce((told, secret) => told.replaceAll(secret, REDACTED), text);
}

function valueAt(given: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? (at as Given)[name] : undefined), given);
}

/** Every text there is of a value in a message, the longest first: one may be part of another. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  const texts = Object.values(value).flatMap(textsIn);
  return texts.sort((one, other) => other.length - one.length);
}

function secretsOf(prototype: object): ReadonlySet<string | symbol> {
  return secrets.get(prototype) ?? new Set();
}

/** The configuration as it may be shown, and as it stays. */
function guarded(config: object): object {
  const shown = (): unknown => redacted(config);
  Object.defineProperty(config, 'toJSON', { value: shown, enumerable: false });
  Object.defineProperty(config, inspect.custom, { value: shown, enumerable: false });
  return Object.freeze(config);
}

function redacted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(redacted);
  const hidden = secretsOf(Object.getPrototypeOf(value) as object);
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, hidden.has(name) && member !== undefined ? REDACTED : redacted(member)]),
  );
}
