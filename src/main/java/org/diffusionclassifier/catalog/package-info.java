/**
 * Models by name: what a name means here, which models are here, whether they can be loaded, and what would have to be
 * fetched or removed. Leans on {@code hub} for the Hub and its cache, and on {@code checkpoint} and {@code model} for
 * what files hold; the environment comes in by {@link org.diffusionclassifier.catalog.ModelNames} alone.
 */
package org.diffusionclassifier.catalog;
