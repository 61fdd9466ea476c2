/** Ends the task that runs: what comes after it is done in one of its own, and input and painting come between. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
