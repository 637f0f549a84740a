/* The shapes of the API as the page uses them, by the daemon's rooms. Names are the contract's. */
export * from './access';
export * from './dmx';
export * from './graphs';
export * from './rows';
export * from './scores';
export * from './show';
export * from './sound';
export * from './system';
export * from './tracks';
export * from './venues';
export * from './work';
