import type { ReportedMistake } from '../application/inspect-application';

/** `2 mistakes:`, and each with its number. */
export function explainMistakes(mistakes: readonly ReportedMistake[]): string {
  const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
  return [`${count}:`, ...mistakes.map(({ message }, at) => `  ${at + 1}. ${message}`)].join('\n');
}
