const at = (id) => document.getElementById(id);

async function load() {
  at('status').textContent = 'Loading…';
  try {
    const response = await fetch('/api/dashboard');
    const body = await response.json();
    const errors = body.errors ?? [];
    for (const name of ['user', 'orders']) {
      const failed = errors.find(({ service }) => service === name);
      at(name).textContent = body[name] ? JSON.stringify(body[name], null, 2) : `not available (${failed?.code ?? body.code})`;
      at(name).classList.toggle('missing', !body[name]);
    }
    at('status').textContent = !response.ok ? `Failed: ${body.detail}` : body.partial ? 'A part is missing.' : 'Complete.';
  } catch {
    at('status').textContent = 'The gateway does not answer.';
  }
}

at('again').addEventListener('click', load);
load();
