import { familyOf, peakBytesOf } from "./proc.ts";

const EVERY_MS = 25;

/**
 * The most memory a process and its descendants held: the sum of each one's own high-water mark, so that no peak falls
 * between two looks. Shared pages count once for each process.
 */
export function watchMemory(pid: number): { stop(): number } {
  let peak = 0;
  const look = (): void => {
    const bytes = familyOf(pid).reduce((sum, each) => sum + peakBytesOf(each), 0);
    peak = Math.max(peak, bytes);
  };
  const timer = setInterval(look, EVERY_MS);
  look();
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}
