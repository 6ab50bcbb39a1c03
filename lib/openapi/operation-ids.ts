import type { FrameworkError } from '../errors/framework-error';
import { openapiErrors } from './errors';

/** No two operations may have one name (§4.8.10). */
export class OperationIds {
  readonly #taken = new Map<string, string>();
  readonly mistakes: FrameworkError[] = [];

  claim(wanted: string | undefined, otherwise: string, place: string): string {
    const other = wanted === undefined ? undefined : this.#taken.get(wanted);
    if (wanted !== undefined && other !== undefined && other !== place) {
      this.mistakes.push(openapiErrors.OPENAPI_OPERATION_DUPLICATE({ place, id: wanted, other }));
    }
    const base = wanted ?? otherwise;
    let id = base;
    for (let count = 2; this.#taken.has(id); count++) id = `${base}_${count}`;
    this.#taken.set(id, place);
    return id;
  }
}
