/** The lines that differ, `-` before those that go and `+` before those that come, indented for a report. */
export function changedLines(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const same = longestCommon(old, now);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const [one, other] = [old[i], now[j]];
    if (one !== undefined && one === other) [i, j] = [i + 1, j + 1];
    else if (one !== undefined && (other === undefined || lengthAt(same, i + 1, j) >= lengthAt(same, i, j + 1))) {
      lines.push(`  - ${one}`);
      i++;
    } else {
      lines.push(`  + ${other ?? ''}`);
      j++;
    }
  }
  return lines.join('\n');
}

/** For each pair of places, how many lines the rests have in common. */
function longestCommon(old: readonly string[], now: readonly string[]): number[][] {
  const table: number[][] = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      const row = table[i];
      row[j] =
        old[i] === now[j] ? 1 + lengthAt(table, i + 1, j + 1) : Math.max(lengthAt(table, i + 1, j), lengthAt(table, i, j + 1));
    }
  }
  return table;
}

function lengthAt(table: readonly (readonly number[])[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}
