import type { ServerHttp2Session } from 'node:http2';
import { Digest } from './digest';
import type { PushResult } from './push-report';
import type { CheckedSettings } from './push-settings';

/** So many refusals, and more of them than completed pushes, say that a client wants none. */
const REFUSALS = 3;

/** What is pushed on one connection: its limits, and what its client has and wants. */
export class PushConnection {
  readonly digest: Digest;
  /** Promises that have not come to their end. */
  underWay = 0;
  /** Of those, the bytes that were or will be sent, as far as that is known. */
  bytes = 0;
  readonly #maxConcurrent: number;
  #refused = 0;
  #completed = 0;

  constructor({ digestSize, maxConcurrent }: CheckedSettings) {
    this.digest = new Digest(digestSize);
    this.#maxConcurrent = maxConcurrent;
  }

  /** Whether the client goes on refusing what is promised to it. */
  get isRefusing(): boolean {
    return this.#refused >= REFUSALS && this.#refused > this.#completed;
  }

  /** Whether one more may be under way: clients count promises as streams, and some reset the one that reaches their limit. */
  hasRoom({ remoteSettings }: ServerHttp2Session): boolean {
    const { maxConcurrentStreams: theirs = Infinity } = remoteSettings;
    return this.underWay < Math.min(this.#maxConcurrent, theirs - 1);
  }

  ended(result: PushResult): void {
    this.underWay--;
    if (result === 'completed') this.#completed++;
    else if (result !== 'cancelled') this.#refused++;
  }

  /** The client asks for a path itself: where that was pushed before, in vain. */
  asked(path: string): void {
    const given = this.digest.get(path);
    if (given?.row === undefined) return;
    given.row.askedAgain();
    given.row = undefined;
  }
}
