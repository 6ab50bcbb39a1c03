import type { PushArm } from './experiment';
import type { PushOutcome } from './push-outcome';

/** What became of the pushes of one route for the clients of one arm. Numbers since the application started. */
export interface PushReportRow {
  /** `push` for routes without an experiment. */
  readonly arm: PushArm;
  /** The template, e.g. `/users/:id`. */
  readonly route: string;
  readonly promised: number;
  readonly hinted: number;
  readonly linked: number;
  /** By reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Promises that the client refused: REFUSED_STREAM, ENHANCE_YOUR_CALM. */
  readonly refused: number;
  /** Promises that the client took back otherwise: CANCEL, mostly. */
  readonly reset: number;
  /** Promises that were sent to their end. */
  readonly completed: number;
  /** Promises that ended here: their page was cancelled, the connection was lost, the byte budget was used up. */
  readonly cancelled: number;
  /** Of bodies that were pushed, those given up included. */
  readonly bytes: number;
  /** Completed promises that were followed by a request for the same on the same connection. */
  readonly askedAgain: number;
  /** From 0 to 1: of the promises, those that were completed and not asked for again. What a page then uses, nobody sees here. */
  readonly estimatedHitRatio: number;
}

/** How a promised stream ended. */
export type PushResult = 'completed' | 'refused' | 'reset' | 'cancelled';

/** Whoever keeps numbers beside the report. */
export interface PushObserver {
  delivered(outcome: PushOutcome, arm: PushArm): void;
  ended(result: PushResult, arm: PushArm, bytes: number): void;
}

/** The numbers of one route and arm, while they are counted. */
export class PushRow {
  readonly #deliveries = { promised: 0, hinted: 0, linked: 0 };
  readonly #skipped = new Map<string, number>();
  readonly #results = { completed: 0, refused: 0, reset: 0, cancelled: 0 };
  readonly #observer: PushObserver | undefined;
  #bytes = 0;
  #askedAgain = 0;

  constructor(
    readonly arm: PushArm,
    readonly route: string,
    observer: PushObserver | undefined,
  ) {
    this.#observer = observer;
  }

  delivered(outcome: PushOutcome): void {
    this.#observer?.delivered(outcome, this.arm);
    if (outcome.kind === 'skipped') this.#skipped.set(outcome.reason, (this.#skipped.get(outcome.reason) ?? 0) + 1);
    else this.#deliveries[outcome.kind]++;
  }

  ended(result: PushResult, bytes: number): void {
    this.#observer?.ended(result, this.arm, bytes);
    this.#results[result]++;
    this.#bytes += bytes;
  }

  askedAgain(): void {
    this.#askedAgain++;
  }

  toJSON(): PushReportRow {
    const { arm, route } = this;
    const { promised } = this.#deliveries;
    const hits = Math.max(0, this.#results.completed - this.#askedAgain);
    return {
      ...{ arm, route, ...this.#deliveries },
      skipped: Object.fromEntries(this.#skipped),
      ...this.#results,
      bytes: this.#bytes,
      askedAgain: this.#askedAgain,
      estimatedHitRatio: promised === 0 ? 0 : Math.round((hits / promised) * 1_000) / 1_000,
    };
  }
}

/** What became of what was pushed, by route and arm of an experiment. Inject it, or mount `PushReportController`. */
export class PushReport {
  readonly #rows = new Map<string, PushRow>();
  readonly #observe: (() => PushObserver) | undefined;
  #observer: PushObserver | undefined;

  /** @internal In: asked for whoever keeps numbers besides, when there is the first of them. */
  constructor(observe?: () => PushObserver) {
    this.#observe = observe;
  }

  /** Every route and arm that something was pushed for, in the order in which that began. */
  rows(): PushReportRow[] {
    return [...this.#rows.values()].map((row) => row.toJSON());
  }

  /** @internal */
  row(arm: PushArm, route: string): PushRow {
    const key = `${arm} ${route}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      this.#observer ??= this.#observe?.();
      row = new PushRow(arm, route, this.#observer);
      this.#rows.set(key, row);
    }
    return row;
  }
}
