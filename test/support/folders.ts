/** How to remove a folder in which a server that ends may still write. */
export const stubbornly = { recursive: true, maxRetries: 20, retryDelay: 100 };
