import { createInterface, type Interface } from 'node:readline';
import { didYouMean } from './did-you-mean';
import { cliErrors } from './errors';
import type { Terminal } from './terminal';

/** A choice, and what is said beside it. */
export interface Choice {
  readonly name: string;
  readonly text: string;
}

/** Asks who sits at the terminal. Each question fails with CLI_INTERRUPTED at Ctrl-C, and when there is no more input. */
export class Questions {
  readonly #terminal: Terminal;
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;
  readonly #end = (): void => this.#reader.close();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#reader = createInterface({ input: terminal.input, output: terminal.output });
    // The iterator keeps what is typed ahead.
    this.#lines = this.#reader[Symbol.asyncIterator]();
    this.#reader.on('SIGINT', this.#end);
    terminal.signal.addEventListener('abort', this.#end);
  }

  /** Asks until `refuse` has nothing to say against the answer. Out: the answer, or `fallback` for an empty one. */
  async ask(text: string, fallback: string, refuse: (answer: string) => string | undefined = () => undefined): Promise<string> {
    for (;;) {
      this.#reader.setPrompt(`${text}${fallback === '' ? '' : ` (${fallback})`}: `);
      this.#reader.prompt();
      const line = await this.#lines.next();
      if (line.done === true) throw cliErrors.CLI_INTERRUPTED();
      const answer = line.value.trim() === '' ? fallback : line.value.trim();
      const refusal = answer === '' ? 'An answer is needed.' : refuse(answer);
      if (refusal === undefined) return answer;
      this.#terminal.output.write(`  ${refusal}\n`);
    }
  }

  /** Lets choose one by its number or its name; the first is the one for an empty answer. */
  async choose(text: string, choices: readonly Choice[]): Promise<string> {
    const width = Math.max(...choices.map(({ name }) => name.length));
    choices.forEach((choice, at) => {
      this.#terminal.output.write(`${String(at + 1).padStart(4)}  ${choice.name.padEnd(width)}  ${choice.text}\n`);
    });
    const names = choices.map(({ name }) => name);
    const chosen = (answer: string): string | undefined =>
      /^\d+$/.test(answer) ? names[Number(answer) - 1] : names.find((name) => name === answer);
    const answer = await this.ask(text, names[0] ?? '', (given) =>
      chosen(given) === undefined ? `There is no ${given}. ${didYouMean(given, names)}` : undefined,
    );
    return chosen(answer) ?? answer;
  }

  close(): void {
    this.#terminal.signal.removeEventListener('abort', this.#end);
    this.#reader.close();
  }
}
