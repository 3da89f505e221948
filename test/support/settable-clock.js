/**
 * Loaded into a process before all else (`node --import`): its clock is off by as much as its parent says (`process.send`), at
 * first by CLOCK_OFF_MS. What cannot be set, such as `performance.now`, goes on as ever.
 */
let offMs = Number(process.env['CLOCK_OFF_MS'] ?? 0);
process.on('message', (message) => {
  offMs = message.offMs;
  process.send?.({ offMs });
});
// Else the parent's end of the pipe would keep this alive.
process.channel?.unref();

const TrueDate = Date;
const now = () => TrueDate.now() + offMs;

class SettableDate extends TrueDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }

  static now() {
    return now();
  }
}
globalThis.Date = SettableDate;
