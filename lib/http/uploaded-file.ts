import { constants, copyFile, rename, rm } from 'node:fs/promises';

/** A file of a multipart body, stored in a temporary folder that is removed when the request ends. */
export class UploadedFile {
  readonly fieldname: string;
  /** What the client calls it: no path, no control characters, at most 255 characters. Do not take it for a path of yours. */
  readonly filename: string;
  /** What the client says it is: lower case, without parameters. Nobody looked whether it is true. */
  readonly mimeType: string;
  readonly sizeBytes: number;
  /** Where it is stored, until the request ends or it is moved. */
  readonly path: string;

  /** @internal */
  constructor(
    { fieldname, filename, mimeType }: { readonly fieldname: string; readonly filename: string; readonly mimeType: string },
    path: string,
    sizeBytes: number,
  ) {
    this.fieldname = fieldname;
    this.filename = filename;
    this.mimeType = mimeType;
    this.sizeBytes = sizeBytes;
    this.path = path;
  }

  /** Keeps it: moves it to a path of yours, also on another disk. What is there already is replaced. Fails as `fs.rename` does. */
  async moveTo(path: string): Promise<void> {
    try {
      await rename(this.path, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
      await copyFile(this.path, path, constants.COPYFILE_FICLONE);
      await rm(this.path);
    }
  }
}
