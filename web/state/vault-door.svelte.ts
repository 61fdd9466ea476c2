import { AppError } from '../../shared/errors.ts';

/** The vault wants its passphrase before anything of it opens. */
export class VaultDoor {
  readonly #attempt: (passphrase: string) => Promise<void>;
  readonly #giveUp: (reason: AppError) => void;
  #checking = $state(false);
  #error = $state.raw<AppError | null>(null);

  private constructor(attempt: (passphrase: string) => Promise<void>, giveUp: (reason: AppError) => void) {
    this.#attempt = attempt;
    this.#giveUp = giveUp;
  }

  /** `opened`: what the first passphrase has opened that `attempt` did not throw for; rejects with `ABORTED` once the door is closed. */
  static ask<Opened>(attempt: (passphrase: string) => Promise<Opened>): {
    readonly door: VaultDoor;
    readonly opened: Promise<Opened>;
  } {
    let resolve: (opened: Opened) => void = () => undefined;
    let reject: (reason: AppError) => void = () => undefined;
    const opened = new Promise<Opened>((taken, refused) => {
      resolve = taken;
      reject = refused;
    });
    const door = new VaultDoor(async (passphrase) => resolve(await attempt(passphrase)), reject);
    return { door, opened };
  }

  get checking(): boolean {
    return this.#checking;
  }

  /** What was wrong with the last one. */
  get error(): AppError | null {
    return this.#error;
  }

  async open(passphrase: string): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      await this.#attempt(passphrase);
      this.#error = null;
    } catch (cause) {
      this.#error = AppError.from(cause);
    } finally {
      this.#checking = false;
    }
  }

  close(): void {
    this.#giveUp(new AppError('ABORTED', 'The passphrase is not asked for any more.'));
  }
}
