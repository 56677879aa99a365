export type { PythonType, Template, TemplateOptions, Variables } from "./contract.ts";
export { PythonError } from "./python-error.ts";
