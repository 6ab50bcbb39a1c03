import { byId, setText } from './elements.js';

const [form, field, problem] = ['sign-in', 'token', 'problem'].map(byId);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  setText(problem, '');
  try {
    const answer = await fetch('/session', { method: 'POST', headers: { authorization: `Bearer ${field.value.trim()}` } });
    if (answer.ok) return location.reload();
    setText(problem, answer.status === 401 || answer.status === 403 ? 'That token opens nothing here.' : `The server said ${answer.status}.`); // prettier-ignore
  } catch {
    setText(problem, 'The server cannot be reached.');
  }
  field.select();
});
