"""LaMa: a generator of fast Fourier convolutions that fills large holes; needs weights.

Written for this project after Suvorov et al., "Resolution-robust Large Mask Inpainting with Fourier Convolutions"
(WACV 2022), and Chi, Jiang, Mu, "Fast Fourier Convolution" (NeurIPS 2020). Its parameters carry the names of the
published checkpoints, so that those load.
"""
