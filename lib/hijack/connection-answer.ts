import { rawFailure, toFailure, toProblem } from '../http/failure-reply';
import { PROBLEM_TYPE } from '../http/send';
import type { Takeover } from '../http/takeover';
import { type AcceptHeaders, fieldsOf } from './accept-head';
import { hijackErrors } from './errors';

/** What a client is answered with before its connection is its handler's alone: a head, once, or whatever is written first. */
export class ConnectionAnswer {
  /** Whether it was answered, by a head or by bytes. */
  isGiven: boolean;
  readonly #takeover: Takeover;
  readonly #protocol: string | undefined;

  constructor(takeover: Takeover, protocol: string | undefined) {
    this.isGiven = false;
    this.#takeover = takeover;
    this.#protocol = protocol;
  }

  /** Fails with: HIJACK_ALREADY_ACCEPTED, HIJACK_HEAD_INVALID. */
  accept(status: number | undefined, headers: AcceptHeaders, reason: string | undefined): void {
    if (this.isGiven) throw hijackErrors.HIJACK_ALREADY_ACCEPTED({ call: 'accept()' });
    const { exchange, protocol: version } = this.#takeover;
    const protocol = this.#protocol;
    const code = status ?? (protocol !== undefined && version === '1.1' ? 101 : 200);
    const fields = fieldsOf({ status: code, headers, reason, protocol });
    const isTunnel = code === 200 && exchange.wire.method === 'CONNECT';
    this.isGiven = true;
    this.#takeover.accept(code, fields, reason ?? (isTunnel ? 'Connection Established' : undefined));
  }

  /** Answers with a failure, as long as nothing was said. */
  refuse(error: unknown): void {
    const { stream, protocol } = this.#takeover;
    if (this.isGiven || stream.destroyed) return;
    this.isGiven = true;
    const failure = toFailure(error);
    if (protocol === '1.1') stream.write(rawFailure(failure));
    else {
      const problem = toProblem(failure);
      this.#takeover.accept(problem.status, ['content-type', PROBLEM_TYPE, 'cache-control', 'no-store']);
      stream.write(JSON.stringify(problem));
    }
  }

  /** Bytes are about to be written. Over HTTP/2 none goes before a head. */
  bytesFollow(): void {
    if (this.isGiven) return;
    this.isGiven = true;
    if (this.#takeover.protocol === '2.0') this.#takeover.accept(200, []);
  }
}
