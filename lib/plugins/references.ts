import type { FrameworkError } from '../errors/framework-error';
import type { ConcreteClass } from '../metadata/slot';
import { pluginErrors } from './errors';
import type { ImportFinder } from './import-finder';
import type { ProviderDraft } from './module-content';
import type { Report } from './module-tree';
import { type ClassNeeds, type Need, type NeedsFault, readClassNeeds, readInjectList, readMethodNeeds } from './needs';
import { findInView, type Reference, whoIs } from './plugin-plan';
import { readServiceRequest } from './service-import';
import { type InjectionKey, keyName, readInjectedMembers } from './service-token';
import { explainMissing, explainRivals, type Whereabouts } from './whereabouts';

export interface FinderOptions extends Whereabouts {
  readonly ambient: ReadonlySet<InjectionKey>;
}

/** Finds where each argument of a provider comes from, in the view of its module. */
export class ReferenceFinder {
  readonly #options: FinderOptions;
  readonly #report: Report;
  readonly #imports: ImportFinder;

  constructor(options: FinderOptions, imports: ImportFinder, report: Report) {
    this.#options = options;
    this.#report = report;
    this.#imports = imports;
  }

  /** Fills in the references of `draft`; `extras` are the classes it names as a controller. */
  find(draft: ProviderDraft, extras: Iterable<ConcreteClass>): void {
    const { needs, fault } = needsOf(draft);
    if (fault !== undefined) this.#report(explainFault(draft, fault));
    for (const need of needs) draft.dependencies.push(this.#refer(draft, need));
    if (draft.role !== 'controller') return;
    this.#findForMethods(draft);
    for (const key of extras)
      draft.companions.push(this.#look(draft, { key, place: () => 'a guard, pipe, interceptor or filter', optional: false }));
  }

  #findForMethods(draft: ProviderDraft): void {
    const { prototype } = draft.key as ConcreteClass;
    const members = readInjectedMembers(prototype as object);
    if (members.size === 0) return;
    const methods = new Map<string | symbol, ReadonlyMap<number, Reference>>();
    for (const member of members) {
      const references = new Map<number, Reference>();
      for (const [at, need] of readMethodNeeds(prototype as object, member)) references.set(at, this.#refer(draft, need));
      methods.set(member, references);
    }
    draft.methods = methods;
  }

  #refer(draft: ProviderDraft, need: Need): Reference {
    switch (need.kind) {
      case 'default':
        return { kind: 'absent', key: undefined };
      case 'undefined':
        this.#report(pluginErrors.DEPENDENCY_UNDEFINED({ who: whoIs(draft), place: need.place() }));
        return { kind: 'absent', key: undefined };
      case 'erased':
        this.#report(pluginErrors.DEPENDENCY_ERASED({ who: whoIs(draft), place: need.place(), emitted: need.emitted }));
        return { kind: 'absent', key: undefined };
      case 'key':
        return this.#look(draft, need);
    }
  }

  #look(draft: ProviderDraft, { key, place, optional }: Omit<Extract<Need, { kind: 'key' }>, 'kind'>): Reference {
    const found = findInView(draft.module, key, this.#options.ambient);
    if (found !== undefined && 'kind' in found) return found;
    const asks = `${whoIs(draft)} needs ${keyName(key)} as ${place()}`;
    const request = readServiceRequest(key);
    if (request !== undefined)
      return this.#imports.find(draft.module, key, optional ? { ...request, isOptional: true } : request, asks);
    if (found !== undefined) this.#report(explainRivals(draft.module, found, key, asks));
    else if (!optional) this.#report(explainMissing(this.#options, draft.module, key, asks));
    return { kind: 'absent', key };
  }
}

function needsOf({ recipe }: ProviderDraft): ClassNeeds {
  switch (recipe.kind) {
    case 'value':
      return { needs: [] };
    case 'existing':
      return { needs: [{ kind: 'key', place: () => 'useExisting', key: recipe.key, optional: false }] };
    case 'factory':
      return { needs: readInjectList(recipe.inject) };
    case 'class':
      return recipe.inject === undefined ? readClassNeeds(recipe.class) : { needs: readInjectList(recipe.inject) };
  }
}

function explainFault(draft: ProviderDraft, { kind, count, of }: NeedsFault): FrameworkError {
  const who = whoIs(draft);
  const made = draft.recipe.kind === 'class' ? draft.recipe.class : of;
  if (kind === 'undecorated-subclass') {
    return pluginErrors.SUBCLASS_UNDECORATED({ who, parent: keyName(of), class: keyName(made) });
  }
  const taken = `${count} constructor argument${count === 1 ? '' : 's'}${made === of ? '' : ` (those of ${keyName(of)})`}`;
  if (kind === 'without-metadata') return pluginErrors.METADATA_MISSING({ who, count: taken });
  return pluginErrors.CLASS_UNDECORATED({ who, count: taken, class: keyName(of) });
}
