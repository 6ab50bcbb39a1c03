import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { httpErrors } from './errors';
import type { Exchange } from './exchange';
import { readMultipart } from './multipart';
import type { MultipartFile } from './multipart-file';
import { type MultipartOptions, whyNoMultipartOptions } from './multipart-limits';
import { UploadedFile } from './uploaded-file';
import { type FormFields, nestFields } from './urlencoded';

/** How a route takes files with its body: limits, and where they are stored. */
export interface UploadOptions extends MultipartOptions {
  /** The folder in which each request gets a temporary one of its own. Default: the system's for temporary files. */
  readonly directory?: string;
}

/** Why these are no such options; `undefined`: they are. */
export function whyNoUploadOptions(options: unknown): string | undefined {
  if (typeof options !== 'object' || options === null) return 'is true or limits';
  const { directory = '', ...limits } = options as UploadOptions;
  return typeof directory === 'string' ? whyNoMultipartOptions(limits) : 'directory is no path';
}

/**
 * Reads a whole multipart body; its files are stored in a temporary folder, which is removed when the request ends,
 * whatever ends it.
 *
 * Out: fields and files by name, without prototype; a name that came more than once is a list, `a[b]` nests. A file input
 * that was left empty is left out.
 * Fails with: what `readMultipart` fails with; UPLOAD_NOT_STORED.
 */
export async function readUploads(exchange: Exchange, options: UploadOptions): Promise<FormFields> {
  const { directory = tmpdir(), ...limits } = options;
  const fields = Object.create(null) as FormFields;
  let folder: UploadFolder | undefined;
  for await (const part of readMultipart(exchange, limits, 'form')) {
    if (part.type === 'field') {
      addField(fields, part.fieldname, part.value);
      continue;
    }
    folder ??= await UploadFolder.open(exchange, directory);
    const file = await folder.store(part);
    if (file.filename !== '' || file.sizeBytes > 0) addField(fields, part.fieldname, file);
  }
  return nestFields(fields);
}

function addField(fields: FormFields, name: string, value: unknown): void {
  const before = fields[name];
  if (before === undefined) fields[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else fields[name] = [before, value];
}

/** A temporary folder that goes with its request. */
class UploadFolder {
  readonly #path: string;
  #files = 0;
  #storing: Promise<unknown> = Promise.resolve();

  private constructor(path: string) {
    this.#path = path;
  }

  static async open({ lifetime, host }: Exchange, directory: string): Promise<UploadFolder> {
    const folder = new UploadFolder(
      await mkdtemp(join(directory, 'upload-')).catch((error: unknown) => notStored(directory, error)),
    );
    lifetime.defer(() => {
      const release = lifetime.hold();
      folder
        .#remove()
        .catch((error: unknown) => host.logger.error('a temporary folder could not be removed', { err: error }))
        .finally(release);
    });
    return folder;
  }

  async store(file: MultipartFile): Promise<UploadedFile> {
    const path = join(this.#path, String(this.#files++));
    const storing = this.#write(file, path);
    this.#storing = storing.catch(ignore);
    await storing;
    return new UploadedFile(file, path, file.bytesRead);
  }

  async #write(file: MultipartFile, path: string): Promise<void> {
    const out = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    try {
      await pipeline(file, out);
    } catch (error) {
      if (file.errored !== null) throw file.errored;
      notStored(this.#path, error);
    } finally {
      // What is still open would come back behind the folder's end.
      if (!out.closed) await once(out, 'close');
    }
  }

  async #remove(): Promise<void> {
    await this.#storing;
    await rm(this.#path, { recursive: true, force: true, maxRetries: 3 });
  }
}

function notStored(directory: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  throw httpErrors.UPLOAD_NOT_STORED({ directory, reason }, { detail: 'The file could not be stored.', cause: error });
}

function ignore(): void {
  // Whoever stores it hears of it.
}
