import type { Refuse } from './bound-instruments';
import type { InstrumentKind } from './metric-name';

/** What an instrument is, as registered. */
export interface InstrumentDefinition<Kind extends InstrumentKind = InstrumentKind> {
  readonly kind: Kind;
  /** As the user named it, e.g. `http.server.request.duration`. */
  readonly name: string;
  readonly description: string | undefined;
  readonly unit: string | undefined;
  /** As Prometheus text names it. */
  readonly writtenName: string;
}

/** What an instrument tells its registry. */
export interface InstrumentEvents {
  readonly refuse: Refuse;
  readonly onLimit: () => void;
  readonly onFailure: (error: unknown) => void;
}
