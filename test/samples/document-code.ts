import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readText, ROOT } from '../architecture/checkout';

/** The documents whose code users copy. */
export const DOCUMENTS: readonly string[] = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];

/** A piece of TypeScript in a document. */
export interface Piece {
  readonly code: string;
  /** Where it stands in an application, where others import it: its first line is then `// src/<file>`. */
  readonly file: string | undefined;
}

/** The pieces of a document: its blocks, and what is left of those that show a change once it is made. */
export function piecesOf(document: string): Piece[] {
  const blocks = readText(document).matchAll(/^```(ts|diff)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, kind, text = '']) => {
    const code = kind === 'ts' ? text : changed(text);
    return { code, file: /^\/\/ ((?:src|test)\/\S+\.ts)\n/.exec(code)?.[1] };
  });
}

function changed(diff: string): string {
  const kept = diff.split('\n').filter((line) => !line.startsWith('-'));
  return kept.map((line) => line.slice(1)).join('\n');
}
