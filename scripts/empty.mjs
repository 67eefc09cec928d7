/** Stands for packages that the bundle never runs. */
export default {};
