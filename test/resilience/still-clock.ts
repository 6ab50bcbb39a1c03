import { ManualClock } from '../../lib/testing/manual-clock';

/** A clock that is only read; nothing is waited for on it. */
export class StillClock extends ManualClock {
  atMs = 0;

  override now(): number {
    return this.atMs;
  }
}
