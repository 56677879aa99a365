import type { Failure } from "@weir/protocol";
import { WeirError } from "@weir/protocol";

/** Something wrong in a project file, with its place. */
export interface Problem extends Failure {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** Everything wrong in a project file at once; its failure is the first problem, and says how many more there are. */
export class ProjectError extends WeirError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly [Problem, ...Problem[]]) {
    super({ ...problems[0], ...(problems.length > 1 ? { problems } : {}) });
    this.name = "ProjectError";
    this.problems = problems;
  }
}

export function problemsOf(error: unknown): readonly Problem[] {
  return error instanceof ProjectError ? error.problems : [];
}
