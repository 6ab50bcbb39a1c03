import { byId, setText } from './elements.js';

const THEMES = ['auto', 'light', 'dark'];
const WORDS = { auto: 'Auto', light: 'Light', dark: 'Dark' };

/** As the system, light or dark, as it was chosen last. `changed` is called when colours did. */
export function themeButton(changed) {
  const button = byId('theme');
  let theme = THEMES.includes(read()) ? read() : 'auto';
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    setText(byId('theme-name'), WORDS[theme]);
    changed();
  };
  button.addEventListener('click', () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    write(theme);
    apply();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  apply();
}

function read() {
  try {
    return localStorage.getItem('theme');
  } catch {
    return null;
  }
}

/** Where nothing may be kept it holds for this page. */
function write(theme) {
  try {
    localStorage.setItem('theme', theme);
  } catch {
    return;
  }
}
