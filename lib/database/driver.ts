// The one front door to pg, loaded when the first query is asked.
type Driver = typeof import('pg');

let loaded: Driver | undefined;

/** The driver. */
export function driver(): Driver {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a static import would load it at start
  loaded ??= require('pg') as Driver;
  return loaded;
}
