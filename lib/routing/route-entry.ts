/** One line of the table. `place` names where it was declared, for messages. */
export interface RouteEntry<T> {
  readonly method: string;
  readonly pattern: string;
  readonly target: T;
  readonly place: string;
  /** Stands back where another entry answers the same method and path. */
  readonly yields?: boolean;
  /** Of GET: does not answer HEAD as well. */
  readonly withoutHead?: boolean;
}
