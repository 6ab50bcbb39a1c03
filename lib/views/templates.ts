import { Script } from 'node:vm';
import type * as EtaModule from 'eta';
import { type FrameworkError, isFrameworkError } from '../errors/framework-error';
import { nearNames } from '../errors/near-names';
import { UNMADE, viewErrors } from './errors';
import { ViewFiles } from './view-files';

type Eta = EtaModule.Eta;
type Compile = Eta['compile'];

function loadEta(): typeof EtaModule {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  return require('eta') as typeof EtaModule;
}

/** The views of an application. */
export class Templates {
  readonly #files: ViewFiles;
  readonly #eta: Eta;

  /** In: whether each page reads its views anew. */
  constructor({ root, watch }: { readonly root: string; readonly watch: boolean }) {
    this.#files = new ViewFiles(root, !watch);
    this.#eta = this.#makeEta(!watch);
  }

  /** What is wrong with a view, before anybody asks for a page of it. In: who will. */
  check(view: string, place: string): FrameworkError[] {
    try {
      const file = this.#fileOf(view, place);
      this.#eta.compile(this.#eta.readFile(file), { filepath: file });
      return [];
    } catch (error) {
      if (isFrameworkError(error)) return [error];
      throw error;
    }
  }

  /**
   * Makes a page. In: the view, by its path below the folder (`users/list.html`, or `users/list`); what it sees as `it`; who asks.
   *
   * Fails with: VIEW_UNKNOWN, VIEW_INVALID, VIEW_FAILED, VIEW_DATA_INVALID; an error of this framework that a view meets, as it is.
   */
  render(view: string, data: unknown, place: string): string {
    this.#fileOf(view, place);
    return this.#eta.render(view, toData(view, data, place));
  }

  #makeEta(cache: boolean): Eta {
    const { Eta } = loadEta();
    // `debug` is what lets a failure be told with its line.
    const eta = new Eta({ views: this.#files.root, cache, debug: true });
    const { escapeFunction: escape } = eta.config;
    const { compile } = eta;
    eta.configure({ escapeFunction: (value) => (value === undefined || value === null ? '' : escape(value)) });
    eta.resolvePath = (name, options) => this.#fileOf(name, this.#includer(options?.filepath), options?.filepath);
    eta.compile = (source, options) => this.#compile(compile, source, options);
    eta.RuntimeErr = (error, _source, line, file) => this.#failed(error, line, file);
    return eta;
  }

  #includer(file: string | undefined): string {
    return file === undefined ? 'the application' : this.#files.nameOf(file);
  }

  #fileOf(view: string, place: string, from?: string): string {
    const file = this.#files.find(view, from);
    if (file !== undefined) return file;
    const near = this.#nearest(String(view));
    const hint = near === undefined ? 'Views are named by their path below it.' : `Did you mean ${near}?`;
    throw viewErrors.VIEW_UNKNOWN({ view: String(view), place, root: this.#files.root, hint }, UNMADE);
  }

  /** By the whole name or, for somebody who left the extension out, without it. */
  #nearest(view: string): string | undefined {
    const names = this.#files.names();
    const [near] = nearNames(view, names);
    const [stem] = near === undefined ? nearNames(view, names.map(withoutExtension)) : [];
    return near ?? names.find((name) => withoutExtension(name) === stem);
  }

  #compile(compile: Compile, source: string, options: Partial<EtaModule.Options> = {}): ReturnType<Compile> {
    try {
      return compile.call(this.#eta, source, options);
    } catch (error) {
      const view = this.#includer(options.filepath);
      const reason = reasonOf(error, () => this.#eta.compileToString(source, options));
      throw viewErrors.VIEW_INVALID({ view, reason }, { ...UNMADE, cause: new Error(`${view}: ${reason}`, { cause: error }) });
    }
  }

  /** An included view's failure was told there; what says its own status goes on as it is. */
  #failed(error: unknown, line: number, file: string): never {
    if (isFrameworkError(error)) throw error;
    const view = this.#files.nameOf(file);
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const cause = new Error(`${view}:${line}: ${reason}`, { cause: error });
    throw viewErrors.VIEW_FAILED({ view, line, reason }, { ...UNMADE, cause });
  }
}

function withoutExtension(name: string): string {
  return name.replace(/\.[^./]*$/, '');
}

function toData(view: string, data: unknown, place: string): object {
  if (data === undefined || data === null) return {};
  const other = typeof data === 'object' ? itemsIn(data) : `a ${typeof data}`;
  if (other === undefined) return data;
  throw viewErrors.VIEW_DATA_INVALID({ view, place, got: other }, UNMADE);
}

/** What has items and no members of its own to read: a page of it would be empty. */
function itemsIn(data: object): string | undefined {
  if (Array.isArray(data)) return 'an array';
  if (Symbol.asyncIterator in data) return 'a stream or generator';
  return Symbol.iterator in data ? 'a list' : undefined;
}

/** Of what is wrong with a template the first line, and where: eta tells the place of what it cannot read itself, and not of wrong code. */
function reasonOf(error: unknown, compiled: () => string): string {
  const text = error instanceof Error ? error.message : String(error);
  const [first] = text.split(/:?\n/, 1);
  if (first !== 'Bad template syntax') return first;
  const code = compiled();
  try {
    new Script(`(function (it, options) {${code}\n})`);
    return first;
  } catch (syntaxError) {
    const { message, stack = '' } = syntaxError as Error;
    const at = Number(/:(\d+)\n/.exec(stack)?.[1] ?? 0);
    const before = code.split('\n').slice(0, at).join('\n');
    const line = [...before.matchAll(/__eta\.line=(\d+)/g)].at(-1)?.[1];
    return line === undefined ? message : `${message}, in the tag of line ${line}`;
  }
}
