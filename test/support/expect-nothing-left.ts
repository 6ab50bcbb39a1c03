import type { Lifetime } from '../../lib/lifetime/lifetime';

/** What is inside a lifetime and not yet closed, one line each, with how deep it lies. */
export function whatIsInside(lifetime: Lifetime, depth = 0): string[] {
  const lines: string[] = [];
  for (const child of lifetime.inside()) {
    const name = child.subject === undefined ? 'no subject' : describe(child.subject);
    lines.push(`${'  '.repeat(depth)}${child.state}${child.held ? ', held' : ''}: ${name}`, ...whatIsInside(child, depth + 1));
  }
  return lines;
}

/** Fails when something in `lifetime` is not closed, or something holds it. */
export function expectNothingLeft(lifetime: Lifetime): void {
  expect({ inside: whatIsInside(lifetime), held: lifetime.held }).toEqual({ inside: [], held: false });
}

function describe(subject: unknown): string {
  if (typeof subject !== 'object' || subject === null) return String(subject);
  return 'name' in subject ? String(subject.name) : subject.constructor.name;
}
