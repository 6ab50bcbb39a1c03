import { pluginErrors } from './errors';
import type { ProviderDraft } from './module-content';
import { type ModuleDraft, pathOf, type Report } from './module-tree';
import { type PlannedProvider, whoIs } from './plugin-plan';
import type { Scope } from './provider';
import { keyName } from './service-token';

/** Sorts what each module makes so that everything comes after what it needs, and reports cycles and captives. */
export function orderProviders(drafts: readonly ProviderDraft[], report: Report): void {
  const walk = new OrderWalk(report);
  // Providers, then controllers, then the module's own class: the last sees everything ready.
  for (const role of ['provider', 'controller', 'module'] as const) {
    for (const draft of drafts) if (draft.role === role) walk.visit(draft);
  }
  for (const draft of drafts) settleScope(draft);
  for (const draft of drafts) refuseCaptives(draft, report);
  for (const draft of drafts) refuseAsyncPerRequest(draft, report);
}

class OrderWalk {
  readonly #report: Report;
  readonly #done = new Set<PlannedProvider>();
  readonly #path: PlannedProvider[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  visit(provider: PlannedProvider): void {
    if (this.#done.has(provider)) return;
    const at = this.#path.indexOf(provider);
    if (at !== -1) {
      const cycle = [...this.#path.slice(at), provider];
      // Across modules it is those that need each other, and that is told of them.
      if (cycle.some(({ module }) => module !== provider.module)) return;
      this.#report(pluginErrors.PROVIDER_CYCLE({ path: pathOf(cycle.map(({ key }) => keyName(key))) }));
      return;
    }
    this.#path.push(provider);
    for (const reference of provider.dependencies) if (reference.kind === 'provider') this.visit(reference.provider);
    this.#path.pop();
    this.#done.add(provider);
    (provider.module as ModuleDraft).order.push(provider);
  }
}

/** Another name lasts as long as what it names, and a controller as long as the shortest of what it needs. */
function settleScope(draft: ProviderDraft): void {
  if (draft.recipe.kind === 'existing' || draft.role === 'controller') {
    const isPerRequest =
      draft.scope === 'request' || draft.dependencies.some((it) => it.kind === 'provider' && scopeOf(it.provider) === 'request');
    draft.scope = isPerRequest ? 'request' : 'singleton';
  }
}

/** The scope behind however many other names. */
function scopeOf(provider: PlannedProvider, seen?: Set<PlannedProvider>): Scope {
  if (provider.recipe.kind !== 'existing') return provider.scope;
  const [target] = provider.dependencies;
  if (target?.kind !== 'provider' || seen?.has(provider) === true) return provider.scope;
  return scopeOf(target.provider, (seen ?? new Set()).add(provider));
}

function refuseCaptives(draft: ProviderDraft, report: Report): void {
  if (draft.scope === 'request' || draft.recipe.kind === 'existing') return;
  for (const reference of draft.dependencies) {
    if (reference.kind !== 'provider' || scopeOf(reference.provider) !== 'request') continue;
    const alias = reference.provider.recipe.kind === 'existing' ? ` (another name of ${nameBehind(reference.provider)})` : '';
    const asks = `${whoIs(draft)} needs ${keyName(reference.key)}${alias}`;
    report(pluginErrors.SCOPE_CAPTIVE({ asks, name: keyName(draft.key) }));
  }
}

function nameBehind(provider: PlannedProvider): string {
  const [target] = provider.dependencies;
  return provider.recipe.kind === 'existing' && target?.kind === 'provider' ? nameBehind(target.provider) : keyName(provider.key);
}

function refuseAsyncPerRequest(draft: ProviderDraft, report: Report): void {
  const { recipe } = draft;
  if (draft.scope !== 'request' || recipe.kind !== 'factory') return;
  // Only an `async` function shows what it is; one that returns a promise is refused when it does.
  if (recipe.factory.constructor.name === 'AsyncFunction') report(pluginErrors.SCOPE_FACTORY_ASYNC({ who: whoIs(draft) }));
}
