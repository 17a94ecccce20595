const STORED = 'triggers.theme';

/** The theme that was chosen in this browser, or else the system's. */
export function currentTheme(): 'light' | 'dark' {
  const chosen = localStorage.getItem(STORED);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function applyTheme(): void {
  document.documentElement.dataset['theme'] = currentTheme();
}

export function toggleTheme(): void {
  localStorage.setItem(STORED, currentTheme() === 'dark' ? 'light' : 'dark');
  applyTheme();
  dispatchEvent(new Event('themechange'));
}

export function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
