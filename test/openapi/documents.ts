import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type ApplicationOptions, Module, type OpenApiDocument, openApiDocument, type Provider } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';

/** What the public validator says is wrong with each of the documents. */
export function whatIsWrong(documents: readonly unknown[]): unknown[] {
  const output = execFileSync(process.execPath, [join(__dirname, 'validate.mjs')], {
    input: JSON.stringify(documents),
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(output.toString('utf8')) as unknown[];
}

/** The document of an application of these controllers. */
export function documentOf(
  controllers: readonly ConcreteClass[],
  options: ApplicationOptions = {},
  providers: readonly Provider[] = [],
): Promise<OpenApiDocument & Json> {
  @Module({ controllers, providers })
  class TheModule {}
  return openApiDocument(TheModule, { logger: false, ...options }) as Promise<OpenApiDocument & Json>;
}

/** A document as tests look at it: every member may be there. */
export interface Json {
  readonly [name: string]: Json;
}

export function schemaOf(document: OpenApiDocument | Json, name: string): Json {
  return (document as Json).components.schemas[name];
}
