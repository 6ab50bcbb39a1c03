import { cookiesOf, setCookie } from '../http/cookies';
import type { Exchange } from '../http/exchange';
import { pushErrors } from './errors';

export const PUSH_ARMS = ['push', 'hints', 'none'] as const;
/** Where an experiment has a client: everything, hints and links alone, or nothing. */
export type PushArm = (typeof PUSH_ARMS)[number];

/** An A/B test of pushing. `true` is all of its defaults. */
export interface PushExperiment {
  /** The cookie that keeps a client in its arm. Default `push-arm`. */
  readonly cookie?: string;
  /** How many of the clients are in each arm, relative to the others; one that is left out has none. Default: as many in each. */
  readonly weights?: Readonly<Partial<Record<PushArm, number>>>;
  /** How long a client stays in its arm, in milliseconds. Default: 30 days. */
  readonly maxAgeMs?: number;
}

const MONTH_MS = 30 * 24 * 60 * 60 * 1_000;

/** An experiment with its defaults: puts clients into arms. */
export class Experiment {
  readonly #cookie: string;
  readonly #weights: ReadonlyMap<PushArm, number>;
  readonly #maxAgeMs: number;

  /** Fails with: PUSH_OPTION_INVALID. */
  constructor(given: PushExperiment | true, place: string) {
    const options = given === true ? {} : given;
    const { cookie = 'push-arm', weights = { push: 1, hints: 1, none: 1 }, maxAgeMs = MONTH_MS } = options;
    this.#cookie = cookie;
    this.#maxAgeMs = maxAgeMs;
    this.#weights = new Map(Object.entries(weights) as [PushArm, number][]);
    const wrong = whatIsWrong({ cookie, weights, maxAgeMs, ...options });
    if (wrong !== undefined) throw pushErrors.PUSH_OPTION_INVALID({ place, ...wrong });
  }

  /** The arm of a client, which a cookie keeps and `Server-Timing` tells (W3C Server Timing §2). */
  enter(exchange: Exchange): PushArm {
    const kept = cookiesOf(exchange)[this.#cookie] as PushArm;
    const arm = (this.#weights.get(kept) ?? 0) > 0 ? kept : this.#draw();
    if (arm !== kept) setCookie(exchange, this.#cookie, arm, { maxAge: Math.floor(this.#maxAgeMs / 1_000) });
    exchange.addField('server-timing', `arm;desc="${arm}"`);
    return arm;
  }

  #draw(): PushArm {
    const all = [...this.#weights];
    let left = Math.random() * all.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [arm, weight] of all) {
      left -= weight;
      if (left < 0) return arm;
    }
    return all.findLast(([, weight]) => weight > 0)?.[0] ?? 'push';
  }
}

function whatIsWrong(options: Record<string, unknown>): { name: string; expected: string; got: string } | undefined {
  const { cookie, weights, maxAgeMs, ...strays } = options;
  const [stray] = Object.keys(strays);
  const wrong = (name: string, expected: string, got: unknown) => ({ name: `experiment.${name}`, expected, got: String(got) });
  if (stray !== undefined) return wrong(stray, 'cookie, weights or maxAgeMs', 'an option of another name');
  if (typeof cookie !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(cookie)) return wrong('cookie', 'the name of a cookie', cookie);
  if (typeof maxAgeMs !== 'number' || !(maxAgeMs >= 1_000)) return wrong('maxAgeMs', 'milliseconds, 1,000 or more', maxAgeMs);
  const shares = Object.entries(weights as object);
  const areShares = shares.every(([arm, share]) => PUSH_ARMS.includes(arm as PushArm) && Number.isFinite(share) && share >= 0);
  if (areShares && shares.some(([, share]) => share > 0)) return undefined;
  return wrong('weights', 'numbers from 0 for push, hints and none, one of them more', JSON.stringify(weights));
}
