/** Small choices kept in this browser. Where storage is blocked they last for the visit. */
export interface SettingsStore {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

/** Over `localStorage`, whose mere mention throws where the browser blocks it. */
export function browserSettings(): SettingsStore {
  const memory = new Map<string, string>();
  return {
    get(key) {
      try {
        return memory.get(key) ?? localStorage.getItem(key);
      } catch {
        return null; // Blocked: the default applies.
      }
    },
    set(key, value) {
      memory.set(key, value);
      try {
        localStorage.setItem(key, value);
      } catch {
        return; // Blocked or full: `memory` has it for this visit.
      }
    },
  };
}
