/** A relay's care for its data as HTTP sees it, doing nothing until a test says what. */
import type { OperatedCare } from '../../../relay/http/operator-routes.ts';
import type { RelayId } from '../../../shared/ids.ts';
import type { CareReport } from '../../../shared/protocol/care-events.ts';
import type { DepartureStatus } from '../../../shared/protocol/operator-routes.ts';

export const OPERATOR_TOKEN = 'f'.repeat(64);

export class FakeCare implements OperatedCare {
  report: CareReport | null = null;
  running = false;
  liars: RelayId[] = [];
  repairs = 0;
  /** What a forced repair waits for. */
  pass: Promise<void> = Promise.resolve();
  status: DepartureStatus = { state: 'serving', total: 0, placed: 0, total_bytes: 0, placed_bytes: 0 };

  readonly auditor = { answer: () => Promise.resolve('ab'.repeat(32)) };
  readonly trust = { distrusted: () => new Set(this.liars) };
  readonly caretaker = this.#caretaker();
  readonly departure = this.#departure();

  #caretaker(): OperatedCare['caretaker'] {
    const forced = () => (this.report === null ? null : { running: this.running, report: this.report });
    return {
      get forced() {
        return forced();
      },
      repairNow: () => {
        this.repairs++;
        return this.pass;
      },
    };
  }

  #departure(): OperatedCare['departure'] {
    const status = () => this.status;
    return {
      get status() {
        return status();
      },
      begin: () => {
        this.status = { state: 'leaving', total: 3, placed: 0, total_bytes: 3000, placed_bytes: 0 };
      },
    };
  }
}
