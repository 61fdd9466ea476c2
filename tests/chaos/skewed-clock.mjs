/** Loaded before a program, shows it another time of day than the machine's: `CLOCK_SKEW_MS` more. Monotonic time stays. */
const skewMs = Number(process.env['CLOCK_SKEW_MS']);
const MachineDate = Date;

globalThis.Date = class extends MachineDate {
  constructor(...parts) {
    if (parts.length === 0) super(MachineDate.now() + skewMs);
    else super(...parts);
  }

  static now() {
    return MachineDate.now() + skewMs;
  }
};
