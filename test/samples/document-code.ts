import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readText, ROOT } from '../architecture/checkout';

/** The documents whose code users copy. */
export const DOCUMENTS: readonly string[] = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)];

/** The TypeScript of a document: its blocks, and what is left of those that show a change once it is made. */
export function codeOf(document: string): string[] {
  const blocks = readText(document).matchAll(/^```(ts|diff)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, kind, text = '']) => (kind === 'ts' ? text : changed(text)));
}

function changed(diff: string): string {
  const kept = diff.split('\n').filter((line) => !line.startsWith('-'));
  return kept.map((line) => line.slice(1)).join('\n');
}
