import { byId, setText } from './elements.js';

/** Who may change something: asked for the token when it is needed first. It is kept as long as the page is open, and nowhere else. */
export class Operator {
  #token;
  #dialog = byId('operator-dialog');
  #field = byId('admin-token');
  #problem = byId('operator-problem');
  #settle;

  constructor() {
    byId('operator').addEventListener('click', () => (this.#token === undefined ? void this.#ask('') : this.#forget()));
    byId('operator-cancel').addEventListener('click', () => this.#dialog.close());
    byId('operator-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#use(this.#field.value.trim());
    });
    this.#dialog.addEventListener('close', () => this.#settle?.(undefined));
  }

  /** Sends a POST as the operator. Out: the answer; `undefined` where nobody wanted to be one. */
  async post(path) {
    let problem = '';
    for (;;) {
      const token = this.#token ?? (await this.#ask(problem));
      if (token === undefined) return undefined;
      const answer = await fetch(path, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      if (answer.status !== 401 && answer.status !== 403) {
        this.#know(token);
        return answer;
      }
      this.#forget();
      problem = 'That is not the token of the admin.';
    }
  }

  #ask(problem) {
    setText(this.#problem, problem);
    this.#field.value = '';
    this.#field.toggleAttribute('aria-invalid', problem !== '');
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (!this.#dialog.open) this.#dialog.showModal();
      this.#field.focus();
    });
  }

  #use(token) {
    if (token === '') {
      setText(this.#problem, 'A token is needed.');
      this.#field.focus();
      return;
    }
    const settle = this.#settle;
    this.#settle = undefined;
    this.#dialog.close();
    if (settle === undefined) return;
    this.#know(token);
    settle(token);
  }

  #know(token) {
    this.#token = token;
    setText(byId('operator'), 'Sign out');
  }

  #forget() {
    this.#token = undefined;
    setText(byId('operator'), 'Operator');
  }
}
