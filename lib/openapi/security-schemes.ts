import type { RouteOutline } from '../controllers/outline-route';
import { readNotes } from '../controllers/route-notes';
import { readApiOperation } from './api-operation';
import type { JsonSchema } from './json-schema';

/** Which credentials an application takes, and which routes ask for them. */
export class SecuritySchemes {
  readonly #schemes: Readonly<Record<string, JsonSchema>>;
  #isUsed: boolean;

  constructor(securitySchemes: Readonly<Record<string, JsonSchema>> | undefined, challenge: string | undefined) {
    this.#schemes = securitySchemes ?? schemeOf(challenge);
    this.#isUsed = securitySchemes !== undefined;
  }

  /** The schemes, as far as the document has any use for them. */
  get used(): Readonly<Record<string, JsonSchema>> | undefined {
    return this.#isUsed ? this.#schemes : undefined;
  }

  /** Whether somebody unknown, or known, may be refused. */
  asks({ draft }: RouteOutline): boolean {
    const { security } = readApiOperation(draft);
    if (security !== undefined) return security.length > 0;
    return authorizeNotes(draft.metadata).length > 0 || draft.hooks.guards.length > 0;
  }

  /** Any one of the schemes; what must be permitted stands beside it. */
  required(outline: RouteOutline): readonly JsonSchema[] | undefined {
    const { security } = readApiOperation(outline.draft);
    if (security !== undefined) {
      this.#isUsed ||= security.length > 0 && Object.keys(this.#schemes).length > 0;
      return security;
    }
    const names = Object.keys(this.#schemes);
    if (names.length === 0 || !this.asks(outline)) return undefined;
    this.#isUsed = true;
    const permissions = permissionsOf(outline.draft.metadata);
    return names.map((name) => ({ [name]: permissions }));
  }
}

/** The scheme that `WWW-Authenticate` names (RFC 9110 §11.6.1); none without a challenge. */
function schemeOf(challenge: string | undefined): Readonly<Record<string, JsonSchema>> {
  const scheme = challenge?.trim().split(' ', 1)[0]?.toLowerCase();
  return scheme === undefined || !/^[\w.-]+$/.test(scheme) ? {} : { [scheme]: { type: 'http', scheme } };
}

/** What `@Authorize` noted: `resource:action`, or that anybody known may. */
function authorizeNotes(metadata: ReadonlyMap<unknown, unknown>): readonly string[] {
  return readNotes(metadata).authorize ?? [];
}

function permissionsOf(metadata: ReadonlyMap<unknown, unknown>): readonly string[] {
  return authorizeNotes(metadata).filter((note) => note.includes(':'));
}
