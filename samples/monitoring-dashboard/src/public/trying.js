import { byId, setText } from './elements.js';
import { milliseconds } from './format.js';

/** Requests of whoever looks: left, cut, answered. */
export function tryThings() {
  const result = byId('try-result');
  const [report, leave, quick, overview] = ['try-report', 'try-leave', 'try-quick', 'try-overview'].map(byId);
  let leaving;

  async function ask(path, button, signal) {
    const began = performance.now();
    button.disabled = true;
    setText(result, `GET ${path} …`);
    try {
      const answer = await fetch(path, { cache: 'no-store', signal });
      setText(result, `GET ${path}: ${await inWords(answer)}, after ${milliseconds(performance.now() - began)}.`);
    } catch {
      const after = milliseconds(performance.now() - began);
      setText(result, signal?.aborted === true ? `Left after ${after}: counted as “the client left”, and no longer worked on.` : `GET ${path}: no answer, after ${after}.`); // prettier-ignore
    } finally {
      button.disabled = false;
    }
  }

  report.addEventListener('click', async () => {
    leaving = new AbortController();
    leave.disabled = false;
    await ask('/api/report?seconds=10', report, leaving.signal);
    leave.disabled = true;
  });
  leave.addEventListener('click', () => {
    leaving?.abort();
    report.focus();
  });
  quick.addEventListener('click', () => void ask('/api/report/quick?seconds=5', quick));
  overview.addEventListener('click', () => void ask('/api/overview', overview));
}

async function inWords(answer) {
  const body = await answer.json();
  if (!answer.ok) return `${answer.status} ${body.code}`;
  if (body.partial === true) return `200, without ${body.errors.map(({ service, code }) => `${service} (${code})`).join(', ')}`;
  return String(answer.status);
}
