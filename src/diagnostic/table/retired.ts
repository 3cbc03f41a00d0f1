/** Codes that are no longer used, by the code that has replaced them; `explain` knows them, and none is given again. */
export const retired: Readonly<Record<string, string>> = {
  E0725: 'E0721',
  E0743: 'E0740',
  E0747: 'E0748',
  E0755: 'E0978',
  E0756: 'E0622',
  E0758: 'E0625',
  E0777: 'E0116',
  E0827: 'E0821',
  E0830: 'E0779',
  E0847: 'E0126',
  E0852: 'E0704',
  E0971: 'E0741',
};
