/**
 * Sets of images in Parquet, as the Hugging Face hub stores them. This package alone leans on parquet-java, and nothing
 * leans on it: {@link org.diffusionclassifier.dataset.DatasetForm}'s implementation is found as a service.
 */
package org.diffusionclassifier.dataset.parquet;
