import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import type { FrameworkError } from '../errors/framework-error';
import { type Clock, epochMs, systemClock } from '../lifetime/clock';
import { bearerChallenge, invalidToken } from './bearer';
import { securityErrors } from './errors';
import { compileJwtOptions, type JwtOptions, type JwtSettings } from './jwt-options';
import { KeySet } from './key-set';

/** What a token says (RFC 7519 §4.1); times in seconds since 1970. */
export interface JwtClaims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

/** What one token is signed with besides its claims. */
export interface JwtSignOptions {
  /** How long it is good, in milliseconds. Default: `expiresInMs` of the service. */
  readonly expiresInMs?: number;
  /** When it begins to be good, in milliseconds from now. Default: at once. */
  readonly notBeforeMs?: number;
}

type Jose = typeof import('jose');

/** Only applications with tokens load it. */
function loadJose(): Jose {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at every start
  return require('jose') as Jose;
}

/**
 * Signs and checks JSON Web Tokens (RFC 7519). Which algorithms are taken is up to the options and never to the token.
 *
 * Fails with: JWT_OPTIONS_INVALID, when it is made.
 */
export class JwtService {
  readonly #settings: JwtSettings;
  readonly #clock: Clock;
  readonly #jose: Jose;
  readonly #keys: KeySet<JWTVerifyGetKey> | undefined;
  readonly #challenge: string;

  constructor(options: JwtOptions, clock: Clock = systemClock) {
    const settings = compileJwtOptions(options);
    this.#settings = settings;
    this.#clock = clock;
    this.#jose = loadJose();
    this.#challenge = bearerChallenge(settings.realm);
    this.#keys = settings.verifyWith instanceof URL ? this.#keysAt(settings.verifyWith) : undefined;
  }

  /**
   * Signs a token that says these claims, when it was made (`iat`) and until when it is good (`exp`); `iss` and `aud` of
   * the options are added where the claims do not say them.
   *
   * Fails with: JWT_CANNOT_SIGN.
   */
  async sign(claims: JwtClaims, options: JwtSignOptions = {}): Promise<string> {
    const { signWith, accepted, keyId, issuer, audience, expiresInMs = HOUR_MS } = this.#settings;
    if (signWith === undefined) {
      throw securityErrors.JWT_CANNOT_SIGN({ what: this.#keys === undefined ? 'a public key' : 'where keys are published' });
    }
    const nowMs = epochMs(this.#clock);
    const seconds = (ms: number): number => Math.floor((nowMs + ms) / 1_000);
    const { notBeforeMs } = options;
    const payload = {
      ...(issuer === undefined ? {} : { iss: [issuer].flat()[0] }),
      ...(audience === undefined ? {} : { aud: [audience].flat()[0] }),
      ...(notBeforeMs === undefined ? {} : { nbf: seconds(notBeforeMs) }),
      iat: seconds(0),
      exp: seconds(options.expiresInMs ?? expiresInMs),
      ...claims,
    };
    const header = { alg: accepted[0], typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
    return new this.#jose.SignJWT(payload).setProtectedHeader(header).sign(signWith);
  }

  /**
   * What a token says, once signature, times, issuer and audience have been found right.
   *
   * In: the token; `signal`, to stop waiting for keys.
   * Fails with: TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_INVALID (401, with `WWW-Authenticate`), TOKEN_KEYS_UNAVAILABLE (503).
   */
  async verify(token: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<JwtClaims> {
    const { verifyWith, accepted, issuer, audience, clockToleranceMs = 0, requiredClaims = [] } = this.#settings;
    const options = {
      algorithms: [...accepted],
      clockTolerance: clockToleranceMs / 1_000,
      currentDate: new Date(epochMs(this.#clock)),
      requiredClaims: [...requiredClaims],
      ...(issuer === undefined ? {} : { issuer: [issuer].flat() }),
      ...(audience === undefined ? {} : { audience: [audience].flat() }),
    };
    try {
      const { payload } =
        verifyWith instanceof URL
          ? await this.#jose.jwtVerify(token, this.#keyFor(signal), options)
          : await this.#jose.jwtVerify(token, verifyWith, options);
      return payload;
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  #keysAt(url: URL): KeySet<JWTVerifyGetKey> {
    const { keysTimeoutMs = 5_000, keysCacheMs = 600_000, keysCooldownMs = 30_000 } = this.#settings;
    return new KeySet({
      url,
      clock: this.#clock,
      timeoutMs: keysTimeoutMs,
      cacheMs: keysCacheMs,
      cooldownMs: keysCooldownMs,
      parse: (document) => this.#jose.createLocalJWKSet(document as JSONWebKeySet),
    });
  }

  /** A token may be signed with a key that was published after we looked. */
  #keyFor(signal: AbortSignal | undefined): JWTVerifyGetKey {
    const keys = this.#keys as KeySet<JWTVerifyGetKey>;
    return async (header, token) => {
      const known = await keys.current(signal);
      try {
        return await known(header, token);
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_JWKS_NO_MATCHING_KEY') throw error;
        const newer = await keys.renewed(known, signal);
        if (newer === undefined) throw error;
        return newer(header, token);
      }
    };
  }

  /** What jose found wrong, as people and clients are told; what is no fault of the token passes. */
  #refusal(error: unknown): unknown {
    const { code, claim } = error as { readonly code?: unknown; readonly claim?: unknown };
    if (typeof code !== 'string' || !/^ERR_J(OSE|WT|WS|WKS?)_/.test(code)) return error;
    if (code === 'ERR_JWT_EXPIRED') return this.#made(securityErrors.TOKEN_EXPIRED.bind(undefined, {}), 'it has expired');
    if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' && claim === 'nbf' && !(error as Error).message.includes('number')) {
      return this.#made(securityErrors.TOKEN_NOT_YET_VALID.bind(undefined, {}), 'it is not valid yet');
    }
    const reason =
      REASONS[code] ?? (typeof claim === 'string' ? `its claim ${claim} is not what is needed` : 'it is no signed token');
    return this.#made((options) => securityErrors.TOKEN_INVALID({ reason }, options), reason);
  }

  #made(make: (options: ReturnType<typeof invalidToken>) => FrameworkError, description: string): FrameworkError {
    return make(invalidToken(this.#challenge, description));
  }
}

const HOUR_MS = 3_600_000;

const REASONS: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature is wrong',
  ERR_JOSE_ALG_NOT_ALLOWED: 'its algorithm is not taken here',
  ERR_JOSE_NOT_SUPPORTED: 'it asks for what is not known here',
  ERR_JWKS_NO_MATCHING_KEY: 'its key is not known',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'it does not say which key it is signed with',
};
