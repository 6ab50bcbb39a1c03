import type { Logger } from '../diagnostics/logger';
import { failuresOf } from '../errors/failures-of';
import type { FrameworkError } from '../errors/framework-error';
import type { Exchange } from '../http/exchange';
import type { Clock } from '../lifetime/clock';
import type { Metrics } from '../metrics/metrics';
import { checkLoadShedding, LoadShedder, type LoadSheddingOptions, type Overload } from '../resilience/load-shedder';

/** What is wrong with the option `loadShedding`. */
export function checkLoadSheddingOption(options: LoadSheddingOptions | undefined): FrameworkError[] {
  return options === undefined ? [] : failuresOf(() => checkLoadShedding(options));
}

/** What load shedding needs of the application. */
interface Rooms {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** How often it is said that requests are refused, while they are. */
const SAY_EVERY_MS = 10_000;

/** Refuses requests while there is too much to do: before anything is done for them, but for those of whoever runs it. */
export class LoadShedding {
  readonly #shedder: LoadShedder;
  readonly #rooms: Rooms;
  #saidAtMs = -Infinity;

  constructor(options: LoadSheddingOptions, rooms: Rooms) {
    this.#shedder = new LoadShedder(options, rooms.clock);
    this.#rooms = rooms;
    const observe = () => Object.entries(this.#shedder.refused).map(([reason, value]) => ({ value, attributes: { reason } }));
    const description = 'Requests refused because the server had too much to do.';
    rooms.metrics.observe('load_shedding.refused', observe, { kind: 'counter', description, unit: '{request}' });
  }

  /** Out: why the request is refused, if it is; else it is counted until it ends. A connection taken over is none any more. */
  readonly admit = (exchange: Exchange): FrameworkError | undefined => {
    const { target } = exchange;
    if (target.answersWhileStopping) return undefined;
    const shedder = this.#shedder;
    const refusal = shedder.refusal();
    if (refusal !== undefined) {
      this.#say(shedder.overload);
      return refusal;
    }
    if (shedder.countsInFlight && !target.takesOver) {
      shedder.enter();
      exchange.lifetime.defer(() => shedder.leave());
    }
    return undefined;
  };

  close(): void {
    this.#shedder.close();
  }

  #say(reason: Overload | undefined): void {
    const { clock, logger } = this.#rooms;
    const nowMs = clock.now();
    if (nowMs - this.#saidAtMs < SAY_EVERY_MS) return;
    this.#saidAtMs = nowMs;
    logger.warn('requests are refused: there is too much to do', { reason, inFlight: this.#shedder.inFlight });
  }
}
