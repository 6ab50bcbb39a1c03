import type { Offer, PlannedModule, ServiceUse } from '../plugins/plugin-plan';

/** A service that a plugin offers to all others, before anything runs: what is exported later is not known. */
export interface ReportedService {
  /** Its name among what that plugin offers. */
  readonly service: string;
  readonly version: string;
  readonly description?: string;
}

/** A service that a module imports, or says that it will (`dependencies` of `@Plugin`). */
export interface ReportedImport {
  /** `auth-plugin.auth` */
  readonly service: string;
  /** Of versions; `*`: any release. */
  readonly range: string;
  /** Whether it may be missing. */
  readonly optional: boolean;
  /** Which it is given: the name of the module that offers it, and the version. */
  readonly given: { readonly module: string; readonly version: string } | undefined;
  /** Why there is none, in a few words. */
  readonly missing: string | undefined;
}

export function offeredServices({ offers }: PlannedModule): ReportedService[] {
  return offers.map(({ service, version, options: { description } }: Offer) => ({
    service,
    version,
    ...(description === undefined ? {} : { description }),
  }));
}

/** Each once, however often it is injected. */
export function importedServices({ uses }: PlannedModule): ReportedImport[] {
  const found = new Map<string, ReportedImport>();
  for (const use of uses) {
    const reported = describeImport(use);
    const name = `${reported.service} ${reported.range}`;
    const known = found.get(name);
    // Who needs it in one place cannot do without.
    found.set(name, { ...reported, optional: reported.optional && (known?.optional ?? true) });
  }
  return [...found.values()];
}

function describeImport({ request: { ref, range, isOptional: optional }, offer, missing }: ServiceUse): ReportedImport {
  const given = offer === undefined ? undefined : { module: offer.module.label, version: offer.version };
  return { service: ref.name, range, optional, given, missing };
}
