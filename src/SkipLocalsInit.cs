using System.Runtime.CompilerServices;

// For the assemblies of the hot path: locals are not set to zero before the compiler's own check
// that they are assigned, and what stackalloc gives has any content. Calls that bring large structs
// otherwise begin with clearing a kilobyte.
[module: SkipLocalsInit]
