import { createPrivateKey, createPublicKey, type JsonWebKey, KeyObject } from 'node:crypto';
import { nearNames } from '../errors/near-names';
import { isRealm } from './bearer';
import { securityErrors } from './errors';

const SHARED = ['HS256', 'HS384', 'HS512'] as const;
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const PAIRED = [...RSA, 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

/** How tokens are signed (RFC 7518 §3.1, RFC 8037). `none` is not among them. */
export type JwtAlgorithm = (typeof SHARED)[number] | (typeof PAIRED)[number];

/** A key as PEM text, JWK or Node's object. */
export type JwtKey = string | Buffer | JsonWebKey | KeyObject;

/** What tokens are checked with, and made with. One of `secret`, `publicKey` or `privateKey`, and `jwksUrl` is needed. */
export interface JwtOptions {
  /** A secret both sides have, at least as long as the hash: 32 bytes for HS256 (RFC 7518 §3.2). */
  readonly secret?: string | Uint8Array;
  /** To check alone; PEM (SPKI, or a certificate), JWK or KeyObject. */
  readonly publicKey?: JwtKey;
  /** To sign, and to check if no `publicKey` is given; PEM (PKCS #8), JWK or KeyObject. */
  readonly privateKey?: JwtKey;
  /** Where the issuer publishes its keys (RFC 7517 §5). */
  readonly jwksUrl?: string | URL;
  /** What is accepted; the first is what is signed with. Default: what fits the key, for `jwksUrl` all with key pairs. */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** Who must have issued it (`iss`); the first is what is signed. Default: anybody with the key. */
  readonly issuer?: string | readonly string[];
  /** Whom it must be for (`aud`), one of these; the first is what is signed. Default: not looked at. */
  readonly audience?: string | readonly string[];
  /** How far clocks may be apart, in milliseconds. Default 0. */
  readonly clockToleranceMs?: number;
  /** How long a signed token is good, in milliseconds. Default 1 hour. */
  readonly expiresInMs?: number;
  /** Claims that must be there, e.g. `['exp', 'sub']`. Default: those of `issuer` and `audience`. */
  readonly requiredClaims?: readonly string[];
  /** Name of the signing key, for those who check (`kid`). */
  readonly keyId?: string;
  /** Named in the challenge of a 401. Default: none. */
  readonly realm?: string;
  /** `jwksUrl`: how long fetching may take, in milliseconds. Default 5,000. */
  readonly keysTimeoutMs?: number;
  /** `jwksUrl`: how long keys are used before they are fetched anew, in milliseconds. Default 10 minutes. */
  readonly keysCacheMs?: number;
  /** `jwksUrl`: how long a key that is not among them is not looked for again, in milliseconds. Default 30,000. */
  readonly keysCooldownMs?: number;
}

type Key = KeyObject | Uint8Array;

/** What the options come to. */
export interface JwtSettings extends Omit<JwtOptions, 'jwksUrl'> {
  readonly accepted: readonly JwtAlgorithm[];
  readonly verifyWith: Key | URL;
  readonly signWith: Key | undefined;
}

/** Checks the options. Fails with: JWT_OPTIONS_INVALID. */
export function compileJwtOptions(options: JwtOptions): JwtSettings {
  checkNames(options);
  const { secret, publicKey, privateKey, jwksUrl } = options;
  const ways = [secret, publicKey ?? privateKey, jwksUrl].filter((way) => way !== undefined).length;
  if (ways !== 1) {
    refuse(
      'secret',
      ways === 0 ? 'is missing' : 'stands beside other keys',
      'Give one of secret, publicKey or privateKey, and jwksUrl.',
    );
  }
  if (secret !== undefined) return withSecret(options, secret);
  if (jwksUrl !== undefined)
    return { ...options, accepted: accept(options, PAIRED, PAIRED), verifyWith: toUrl(jwksUrl), signWith: undefined };
  return withPair(options);
}

function refuse(name: string, problem: string, wayOut: string): never {
  throw securityErrors.JWT_OPTIONS_INVALID({ name, problem, wayOut });
}

const NAMES: Readonly<Record<keyof JwtOptions, 'ms' | 'text' | 'texts' | 'any'>> = {
  secret: 'any',
  publicKey: 'any',
  privateKey: 'any',
  jwksUrl: 'any',
  algorithms: 'texts',
  issuer: 'texts',
  audience: 'texts',
  clockToleranceMs: 'ms',
  expiresInMs: 'ms',
  requiredClaims: 'texts',
  keyId: 'text',
  realm: 'text',
  keysTimeoutMs: 'ms',
  keysCacheMs: 'ms',
  keysCooldownMs: 'ms',
};

const EXPECTED = {
  ms: ['is no number of milliseconds', 'Give 0 or more.', (value: unknown) => Number.isFinite(value) && (value as number) >= 0],
  text: ['is no plain text', 'Give one without quotes.', isRealm],
  texts: ['is no text, or list of texts', 'Give at least one.', isTexts],
  any: ['', '', () => true],
} as const;

function isTexts(value: unknown): boolean {
  const texts: readonly unknown[] = [value].flat();
  return texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '');
}

/** A misspelt `audience` would let tokens for others in. */
function checkNames(options: JwtOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(NAMES, name)) {
      const [near] = nearNames(name, Object.keys(NAMES));
      refuse(name, 'is not known', near === undefined ? `There are ${Object.keys(NAMES).join(', ')}.` : `Did you mean ${near}?`);
    }
    const [problem, wayOut, accepts] = EXPECTED[NAMES[name as keyof JwtOptions]];
    if (!accepts(value)) refuse(name, problem, wayOut);
  }
}

/** The algorithms to accept: those of the options as far as the key can be for them, which is what keeps kinds of keys apart. */
function accept(
  { algorithms }: JwtOptions,
  standard: readonly JwtAlgorithm[],
  possible: readonly JwtAlgorithm[],
): readonly JwtAlgorithm[] {
  if (algorithms === undefined) return standard;
  const wrong = algorithms.find((algorithm) => !possible.includes(algorithm));
  if (wrong !== undefined)
    refuse('algorithms', `names ${wrong}, which the key is not for`, `It can be for ${possible.join(', ')}.`);
  return algorithms;
}

function withSecret(options: JwtOptions, secret: unknown): JwtSettings {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
  if (!(bytes instanceof Uint8Array)) refuse('secret', 'is neither a text nor bytes', 'Give one of them.');
  if (bytes.toString().includes('-----BEGIN')) {
    // Signed with the public key as a secret, anybody's token would pass.
    refuse('secret', 'is a key in PEM', 'Give it as publicKey or privateKey.');
  }
  const accepted = accept(options, ['HS256'], SHARED);
  const needed = Math.max(...accepted.map((algorithm) => Number(algorithm.slice(2)) / 8));
  if (bytes.length < needed) {
    refuse(
      'secret',
      `has ${bytes.length} bytes, and ${accepted.join(', ')} takes ${needed}`,
      'Make one: node -p "crypto.randomBytes(32).toString(\'base64url\')".',
    );
  }
  return { ...options, accepted, verifyWith: bytes, signWith: bytes };
}

function withPair(options: JwtOptions): JwtSettings {
  const { publicKey, privateKey } = options;
  const signWith = privateKey === undefined ? undefined : readKey('privateKey', privateKey, createPrivateKey);
  const verifyWith =
    publicKey === undefined ? createPublicKey(signWith as KeyObject) : readKey('publicKey', publicKey, createPublicKey);
  const possible = algorithmsFor(verifyWith);
  if (signWith !== undefined && createPublicKey(signWith).equals(verifyWith) === false) {
    refuse('publicKey', 'is not that of the privateKey', 'Leave it out: it is known from the other.');
  }
  return { ...options, accepted: accept(options, possible.slice(0, 1), possible), verifyWith, signWith };
}

function readKey(name: string, key: JwtKey, create: (key: never) => KeyObject): KeyObject {
  if (key instanceof KeyObject) {
    if (key.type === 'secret' || (name === 'privateKey' && key.type !== 'private'))
      refuse(name, `is a ${key.type} key`, 'Give the other one.');
    return key.type === 'private' && name === 'publicKey' ? createPublicKey(key) : key;
  }
  try {
    const isText = typeof key === 'string' || Buffer.isBuffer(key);
    return create((isText ? key : { key, format: 'jwk' }) as never);
  } catch {
    return refuse(name, 'cannot be read', 'Give PEM text, a JWK or a KeyObject.');
  }
}

const CURVES: Readonly<Record<string, JwtAlgorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

function algorithmsFor({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): readonly JwtAlgorithm[] {
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits < 2048) refuse('publicKey', `has ${bits} bits`, 'RSA takes 2048 or more (RFC 7518 §3.3).');
    return RSA;
  }
  if (type === 'ed25519') return ['EdDSA'];
  const curve = type === 'ec' ? CURVES[details?.namedCurve ?? ''] : undefined;
  return curve === undefined
    ? refuse('publicKey', 'is of a kind that signs no tokens', 'RSA, P-256, P-384, P-521 and Ed25519 do.')
    : [curve];
}

function toUrl(url: string | URL): URL {
  const parsed = URL.canParse(String(url)) ? new URL(String(url)) : undefined;
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed;
  return refuse(
    'jwksUrl',
    'is no URL with https: or http:',
    'Give the whole address, e.g. https://issuer.example/.well-known/jwks.json.',
  );
}
