// Light or dark: as the system has it, until the reader chooses.
const system = matchMedia("(prefers-color-scheme: dark)");
const apply = () => {
  document.documentElement.dataset.theme = localStorage.getItem("theme") ?? (system.matches ? "dark" : "light");
};

export function toggleTheme() {
  localStorage.setItem("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  apply();
}

export function onSystemTheme(redraw) {
  system.addEventListener("change", () => { apply(); redraw(); });
}

apply();
