# A mixed model by REML, whole process: Rscript first_fit_lme4.R RECORDS.csv
#
# The same records and formula as first_fit.R, without a prior and without a posterior: what the classical
# analysis costs, for scale.
suppressMessages(library(lme4))
records <- read.csv(commandArgs(trailingOnly = TRUE)[1])
records$visit <- factor(records$visit)
fit <- suppressMessages(suppressWarnings(lmer(value ~ visit + (1 + r | patient), data = records)))
print(summary(fit)$coefficients[nlevels(records$visit), ])
