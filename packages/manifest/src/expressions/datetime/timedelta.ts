import { overflowError } from "../python-error.ts";
import { DAY_SECONDS } from "./calendar.ts";

const MAX_SECONDS = 1_000_000_000 * DAY_SECONDS;

export interface TimeParts {
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
  readonly microseconds?: number;
}

/** A span of time: whole seconds, and 0 to 999,999 microseconds on top. */
export class Timedelta {
  /** Whole seconds, rounded down. */
  readonly total: number;
  readonly microseconds: number;

  constructor(total: number, microseconds = 0) {
    const carried = Math.floor(microseconds / 1e6);
    this.total = total + carried;
    this.microseconds = microseconds - carried * 1e6;
    // NaN fails this, too.
    if (!(Math.abs(this.total) < MAX_SECONDS)) throw overflowError("the span has too many days");
  }

  /** Parts may have fractions; what is left of them is rounded half to even microseconds. */
  static of(parts: TimeParts): Timedelta {
    const seconds = [
      (parts.weeks ?? 0) * 7 * DAY_SECONDS,
      (parts.days ?? 0) * DAY_SECONDS,
      (parts.hours ?? 0) * 3600,
      (parts.minutes ?? 0) * 60,
      parts.seconds ?? 0,
    ];
    let whole = 0;
    let fraction = 0;
    for (const part of seconds) {
      const floor = Math.trunc(part);
      whole += floor;
      fraction += part - floor;
    }
    const milliseconds = parts.milliseconds ?? 0;
    const fromMillis = Math.trunc(milliseconds / 1000);
    const microseconds = parts.microseconds ?? 0;
    const fromMicros = Math.trunc(microseconds / 1e6);
    const rest =
      fraction * 1e6 + (milliseconds - fromMillis * 1000) * 1000 + (microseconds - fromMicros * 1e6);
    return new Timedelta(whole + fromMillis + fromMicros, roundHalfEven(rest));
  }

  get days(): number {
    return Math.floor(this.total / DAY_SECONDS);
  }

  /** Seconds within the day. */
  get seconds(): number {
    return this.total - this.days * DAY_SECONDS;
  }

  totalSeconds(): number {
    return (this.total * 1e6 + this.microseconds) / 1e6;
  }

  isZero(): boolean {
    return this.total === 0 && this.microseconds === 0;
  }

  plus(other: Timedelta): Timedelta {
    return new Timedelta(this.total + other.total, this.microseconds + other.microseconds);
  }

  negated(): Timedelta {
    return new Timedelta(-this.total, -this.microseconds);
  }

  /** By any number; fractions of microseconds are rounded half to even. */
  times(factor: number): Timedelta {
    if (!Number.isInteger(factor)) return Timedelta.of({ microseconds: this.totalMicroseconds() * factor });
    const micros = this.microseconds * factor;
    const whole = Math.floor(micros / 1e6);
    return new Timedelta(this.total * factor + whole, micros - whole * 1e6);
  }

  totalMicroseconds(): number {
    return this.total * 1e6 + this.microseconds;
  }

  compare(other: Timedelta): number {
    return this.total - other.total || this.microseconds - other.microseconds;
  }

  /** `1 day, 2:03:04.000005`. */
  toString(): string {
    const { days, seconds } = this;
    const clock = `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
    const fraction = this.microseconds === 0 ? "" : `.${pad(this.microseconds, 6)}`;
    const prefix = days === 0 ? "" : `${days} day${Math.abs(days) === 1 ? "" : "s"}, `;
    return prefix + clock + fraction;
  }

  repr(): string {
    const parts = [
      this.days === 0 ? "" : `days=${this.days}`,
      this.seconds === 0 ? "" : `seconds=${this.seconds}`,
      this.microseconds === 0 ? "" : `microseconds=${this.microseconds}`,
    ].filter((part) => part !== "");
    return `datetime.timedelta(${parts.length === 0 ? "0" : parts.join(", ")})`;
  }
}

export function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
