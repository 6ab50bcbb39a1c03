import type { OpenApiDocument } from '../openapi/document';
import type { ModuleImport } from '../plugins/plugin';
import { planDocument } from './assemble';
import type { ApplicationOptions } from './configuration';

/**
 * Makes the OpenAPI document (3.1) of an application without making the application: no constructor of it runs, and
 * nothing is opened. Validation classes are made once or twice, for the values of their initialisers.
 *
 * In: what `createApp` takes; `openapi` says what no route does. Out: plain data, for `JSON.stringify`.
 * Fails with: a `WiringError`, as `createApp` does.
 */
export function openApiDocument(module: ModuleImport, options: ApplicationOptions = {}): Promise<OpenApiDocument> {
  return planDocument(module, options);
}
